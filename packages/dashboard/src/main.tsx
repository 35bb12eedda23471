import { render } from 'preact'
import { App } from './app.js'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/states.css'
import './styles/pages.css'
import './styles/process.css'
import './styles/editor.css'

const page = document.querySelector('#page')
if (page !== null) render(<App />, page)
