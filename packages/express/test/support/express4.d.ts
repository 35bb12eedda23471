// Express 4 has no types of its own here; what is used of it is the same in Express 5.
declare module 'express4' {
  import express from 'express'
  export = express
}
