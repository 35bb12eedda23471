import { signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

const storedTheme = 'tunacorn-theme'
const themes: readonly Theme[] = ['system', 'light', 'dark']

export const theme = signal<Theme>(
  themes.find((one) => one === localStorage.getItem(storedTheme)) ?? 'system',
)

theme.subscribe((chosen) => {
  document.documentElement.dataset['theme'] = chosen
  if (chosen === 'system') localStorage.removeItem(storedTheme)
  else localStorage.setItem(storedTheme, chosen)
})

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system'
}
