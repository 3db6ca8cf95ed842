// Where each key of a TOML text stands, since the parser (smol-toml) keeps no positions. options.ts uses it to name the
// line of a wrong value. Reads only texts that smol-toml has accepted: it looks for keys, it does not validate.

/** A place in a parsed TOML value: table keys and array indexes from the top. */
export type TomlPath = readonly (string | number)[]

/** No key of ours stands deeper. Further parts of a dotted key are passed over: to remember each prefix is quadratic. */
const maxKeyParts = 16

const textOf = (path: TomlPath): string => JSON.stringify(path)

/**
 * Lines (from 1) of every table header, key and array element of `text`.
 * @param text TOML that has been parsed without error; nesting is bounded by that parser
 */
export function locateTomlKeys(text: string): TomlLines {
  const scanner = new TomlScanner(text)
  scanner.scanDocument()
  return new TomlLines(scanner.lines, scanner.values)
}

/** Where a value stands in the text, from its first character to the one after its last. */
export interface TomlSpan {
  start: number
  end: number
}

/** Lines by place. */
export class TomlLines {
  readonly #lines: ReadonlyMap<string, number>
  readonly #values: ReadonlyMap<string, TomlSpan>

  constructor(lines: ReadonlyMap<string, number>, values: ReadonlyMap<string, TomlSpan>) {
    this.#lines = lines
    this.#values = values
  }

  /** Where the value of the key `path` stands; undefined for a missing key. */
  valueOf(path: TomlPath): TomlSpan | undefined {
    return this.#values.get(textOf(path))
  }

  /** The line of `path`, or of the nearest enclosing place that the text spells out (a missing key has none); else 1. */
  lineOf(path: TomlPath): number {
    for (let length = path.length; length > 0; length -= 1) {
      const line = this.#lines.get(textOf(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return 1
  }
}

/** One pass over the text; every method starts at the current position and leaves it after what it read. */
class TomlScanner {
  readonly lines = new Map<string, number>()
  readonly values = new Map<string, TomlSpan>()
  readonly #text: string
  #position = 0
  #line = 1
  /** Number of elements so far of each array of tables, by place. */
  readonly #tableCounts = new Map<string, number>()

  constructor(text: string) {
    this.#text = text
  }

  scanDocument(): void {
    let table: TomlPath = []
    for (;;) {
      this.#skipBlank()
      if (this.#position >= this.#text.length) return
      if (this.#peek() === '[') table = this.#header()
      else this.#keyAndValue(table)
    }
  }

  /** `[a.b]` or `[[a.b]]`: the place that the following keys belong to. */
  #header(): TomlPath {
    const line = this.#line
    const isArray = this.#text.startsWith('[[', this.#position)
    this.#advance(isArray ? 2 : 1)
    const keys = this.#dottedKey()
    this.#advance(isArray ? 2 : 1)
    let place: TomlPath = []
    for (const [index, key] of keys.entries()) {
      place = [...place, key]
      const isLast = index === keys.length - 1
      if (isLast && isArray) {
        this.#mark(place, line)
        const count = (this.#tableCounts.get(textOf(place)) ?? 0) + 1
        this.#tableCounts.set(textOf(place), count)
        place = [...place, count - 1]
      } else {
        const count = this.#tableCounts.get(textOf(place))
        if (count !== undefined) place = [...place, count - 1]
      }
      this.#mark(place, line) // `[a.b]` is also where `a` appears, unless it did before
    }
    return place
  }

  #keyAndValue(table: TomlPath): void {
    const line = this.#line
    let place = table
    for (const key of this.#dottedKey()) {
      place = [...place, key]
      this.#mark(place, line)
    }
    this.#skipBlank()
    this.#advance(1) // =
    this.#skipBlank()
    const start = this.#position
    this.#value(place)
    // A number runs on into the blanks before a comment. Of a key that is cut off (maxKeyParts) the place is another's.
    const end = start + this.#text.slice(start, this.#position).trimEnd().length
    const name = textOf(place)
    if (place.length < maxKeyParts && !this.values.has(name)) this.values.set(name, { start, end })
  }

  #value(place: TomlPath): void {
    this.#skipBlank()
    const first = this.#peek()
    if (first === '[') this.#array(place)
    else if (first === '{') this.#inlineTable(place)
    else if (first === '"' || first === "'") this.#string()
    else {
      const start = this.#position
      this.#skipWhile((character) => !',]}#\n'.includes(character))
      // The parser would not have let this through, but a scanner that stands still would fill the memory.
      if (this.#position === start) this.#advance(1)
    }
  }

  #array(place: TomlPath): void {
    this.#advance(1)
    for (let index = 0; ; index += 1) {
      this.#skipSeparators()
      if (this.#atEndOf(']')) return
      const element = [...place, index]
      this.#mark(element, this.#line)
      this.#value(element)
    }
  }

  #inlineTable(place: TomlPath): void {
    this.#advance(1)
    for (;;) {
      this.#skipSeparators()
      if (this.#atEndOf('}')) return
      this.#keyAndValue(place)
    }
  }

  /** `a."b c".d` as its parts, the first ones of a very long key; blanks around the dots are allowed. */
  #dottedKey(): string[] {
    const keys: string[] = []
    for (;;) {
      this.#skipBlank()
      const key = this.#simpleKey()
      if (keys.length < maxKeyParts) keys.push(key)
      this.#skipBlank()
      if (this.#peek() !== '.') return keys
      this.#advance(1)
    }
  }

  #simpleKey(): string {
    const first = this.#peek()
    const start = this.#position
    if (first === '"' || first === "'") {
      this.#string()
      const raw = this.#text.slice(start, this.#position)
      if (first === "'") return raw.slice(1, -1)
      try {
        return String(JSON.parse(raw))
      } catch {
        return raw.slice(1, -1) // \e, \x, \U are TOML's alone: such a key only loses its own line, not its table's
      }
    }
    this.#skipWhile((character) => /[\w-]/.test(character))
    if (this.#position === start) this.#advance(1) // never stands still, whatever the text is
    return this.#text.slice(start, this.#position)
  }

  /** Any of the four kinds of string. */
  #string(): void {
    const quote = this.#peek()
    const isLong = this.#text.startsWith(quote.repeat(3), this.#position)
    const end = isLong ? quote.repeat(3) : quote
    this.#advance(end.length)
    while (this.#position < this.#text.length && !this.#text.startsWith(end, this.#position))
      this.#advance(quote === '"' && this.#peek() === '\\' ? 2 : 1)
    this.#advance(end.length)
    // A long string may end in one or two quotes of its own before the closing three.
    if (isLong) this.#skipWhile((character) => character === quote)
  }

  #atEndOf(bracket: string): boolean {
    if (this.#position >= this.#text.length) return true
    if (this.#peek() !== bracket) return false
    this.#advance(1)
    return true
  }

  #skipSeparators(): void {
    this.#skipBlank()
    while (this.#peek() === ',') {
      this.#advance(1)
      this.#skipBlank()
    }
  }

  /** White space, line ends and comments. */
  #skipBlank(): void {
    this.#skipWhile((character) => ' \t\r\n\uFEFF'.includes(character))
    while (this.#peek() === '#') {
      this.#skipWhile((character) => character !== '\n')
      this.#skipWhile((character) => ' \t\r\n'.includes(character))
    }
  }

  #skipWhile(matches: (character: string) => boolean): void {
    while (this.#position < this.#text.length && matches(this.#peek())) this.#advance(1)
  }

  #peek(): string {
    return this.#text.charAt(this.#position)
  }

  #advance(count: number): void {
    const end = Math.min(this.#position + count, this.#text.length)
    for (; this.#position < end; this.#position += 1) if (this.#peek() === '\n') this.#line += 1
  }

  #mark(place: TomlPath, line: number): void {
    const text = textOf(place)
    if (!this.lines.has(text)) this.lines.set(text, line)
  }
}
