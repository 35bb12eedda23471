// Reads TypeScript and JavaScript well enough to find imports and names, without a parser: comments and the insides
// of strings, templates and regular expressions are blanked, so that nothing in them is taken for code.

/** Where a `/` begins a regular expression: after these words, or after punctuation that cannot end a value. */
const wordsBeforeValue =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|instanceof|await|yield|else|do)$/
const endsValue = /[\w$)\]}]$/

/**
 * The text, and the same text with comments and the insides of strings as spaces: places are the same in both.
 */
export function readCode(text) {
  const out = text.split('')
  const blank = (from, to) => {
    for (let at = from; at < to; at++) if (out[at] !== '\n') out[at] = ' '
  }
  /** For every `${` that is open, how many braces are open inside it. */
  const holes = []
  let at = 0
  while (at < text.length) {
    const character = text[at]
    const next = text[at + 1]
    if (character === '/' && (next === '/' || next === '*')) {
      const end = next === '/' ? endOf(text, '\n', at) : endOf(text, '*/', at + 2) + 2
      blank(at, end)
      at = end
    } else if (character === '"' || character === "'") {
      const end = endOfQuoted(text, at + 1, character)
      blank(at + 1, end)
      at = end + 1
    } else if (character === '`') {
      at = template(at + 1)
    } else if (character === '{') {
      if (holes.length > 0) holes[holes.length - 1]++
      at++
    } else if (character === '}' && holes.at(-1) === 0) {
      holes.pop()
      at = template(at + 1)
    } else if (character === '}') {
      if (holes.length > 0) holes[holes.length - 1]--
      at++
    } else if (character === '/' && beginsRegularExpression(out, at)) {
      const end = endOfRegularExpression(text, at + 1)
      blank(at + 1, end)
      at = end + 1
    } else {
      at++
    }
  }
  return { text, bare: out.join('') }

  /** Blanks a template up to its end or its next hole; gives the place after it. */
  function template(from) {
    let end = from
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{')) {
      end += text[end] === '\\' ? 2 : 1
    }
    blank(from, end)
    if (text[end] !== '$') return end + 1
    holes.push(0)
    return end + 2
  }
}

/** Every import of a file, static, dynamic or of a type: its specifier and where it stands. */
export function importsOf(code) {
  return specifiersOf(code, [
    /\b(?:import|export)\b[^'"`;()=]*?\bfrom\s*(['"])( *)\1/g,
    /\bimport\s*(['"])( *)\1/g,
    /\b(?:import|require)\s*\(\s*(['"`])( *)\1/g,
  ])
}

/** Every file of a package that is looked for by its name, `require.resolve('…')`, and where that stands. */
export function filesResolvedIn(code) {
  return specifiersOf(code, [/\.resolve\s*\(\s*(['"`])( *)\1\s*\)/g])
}

/** In each pattern, the first group is the quote and the second what is between the quotes. */
function specifiersOf({ text, bare }, patterns) {
  return patterns
    .flatMap((pattern) => [...bare.matchAll(pattern)])
    .map((match) => {
      const index = match.index + match[0].lastIndexOf(match[1] + match[2] + match[1]) + 1
      return { specifier: text.slice(index, index + match[2].length), index }
    })
}

function endOf(text, what, from) {
  const found = text.indexOf(what, from)
  return found === -1 ? text.length : found
}

function endOfQuoted(text, from, quote) {
  let at = from
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
  return at
}

function beginsRegularExpression(out, at) {
  let from = at
  while (from > 0 && /\s/.test(out[from - 1])) from--
  const before = out.slice(Math.max(0, from - 12), from).join('')
  return before === '' || !endsValue.test(before) || wordsBeforeValue.test(before)
}

function endOfRegularExpression(text, from) {
  let inClass = false
  let at = from
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true
    if (text[at] === ']') inClass = false
    at += text[at] === '\\' ? 2 : 1
  }
  return at
}
