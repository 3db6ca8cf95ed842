// saxes 6.0.0 (pinned exactly), used beyond its public face in five ways, all of them here. Used by edxml-scanner.
// 1. It gathers a text, comment, attribute or DOCTYPE until it ends, however long: this looks at what it has gathered
//    after each slice, takes texts away (memory stays flat) and lets the scanner bound the rest.
// 2. It would read a DOCTYPE to its end: told that it has seen one, it stops right at the next.
// 3. `on` stores by computed key; the seventh handler makes V8 turn the parser into a dictionary, measured as a fall
//    from 210 to 20 MB/s. Handlers are therefore assigned by name.
// 4. It looks at each character: what is known to be text is only counted (passBy).
// 5. It would make a dictionary of declared prefixes for every element: elements that declare none share an empty one.
import { type SaxesAttributeNS, SaxesParser, type SaxesStartTagNS, type SaxesTagNS, type XMLDecl } from 'saxes'

/** What to do at each event; an exception stops the parser for good. */
export interface SaxesEvents {
  fault(detail: string): void
  doctype(): void
  declaration(declaration: XMLDecl): void
  /** The name of a start tag is complete, its attributes are not. */
  tagStart(name: string): void
  attribute(value: string): void
  tagEnd(tag: SaxesTagNS): void
  close(): void
  /** A piece of text of the innermost element, or white space outside the root. */
  text(piece: string): void
  /** A comment or processing instruction of this many UTF-16 units. */
  aside(length: number): void
  /** Before a reference is resolved: its name, without `&` and `;`. */
  reference(name: string): void
}

/** The fields of SaxesParser that its types call private. */
interface SaxesInsides {
  text: string
  name: string
  entity: string
  piTarget: string
  state: number
  line: number
  column: number
  chunkPosition: number
  carriedFromPrevious: string | undefined
  tags: readonly unknown[]
  xmlnsOpt: boolean
  /** The declarations of the start tag that is being read, by prefix. */
  topNS: Record<string, string>
  tag: { ns?: Record<string, string> }
  entityReturnState: number | undefined
  doctype: boolean
  parseEntity(entity: string): string
  errorHandler: (error: Error) => void
  doctypeHandler: (doctype: string) => void
  xmldeclHandler: (declaration: XMLDecl) => void
  openTagStartHandler: (tag: SaxesStartTagNS) => void
  attributeHandler: (attribute: SaxesAttributeNS) => void
  openTagHandler: (tag: SaxesTagNS) => void
  closeTagHandler: () => void
  textHandler: (text: string) => void
  cdataHandler: (text: string) => void
  commentHandler: (comment: string) => void
  piHandler: (instruction: { target: string; body: string }) => void
}

/** saxes' numbers for the states in which `text` is character data of an element. */
const stateText = 13
const stateEntity = 14
const cdataStates: readonly number[] = [20, 21, 22]

const noDeclarations: Record<string, string> = Object.freeze(Object.create(null))

/** The parser: strict XML 1.0 with namespaces, an undeclared prefix resolving to `undeclared` + prefix. */
export class FlatSaxes {
  readonly #parser: SaxesParser<{ xmlns: true }>
  readonly #insides: SaxesInsides

  constructor(undeclared: string, events: SaxesEvents) {
    const parser = new SaxesParser({
      xmlns: true,
      // Version 1.1 would allow control characters; packets are 1.0 whatever they declare.
      defaultXMLVersion: '1.0',
      forceXMLVersion: true,
      // No prefix and no default namespace is simply no namespace.
      resolvePrefix: (prefix: string) => (prefix === '' ? undefined : undeclared + prefix),
    })
    const insides = parser as unknown as SaxesInsides
    const parseEntity = insides.parseEntity
    insides.parseEntity = (entity) => {
      events.reference(entity)
      return parseEntity.call(parser, entity)
    }
    insides.doctype = true
    insides.errorHandler = ({ message }) => events.fault(message.replace(/^\d+:\d+: /, ''))
    insides.doctypeHandler = () => events.doctype()
    insides.xmldeclHandler = (declaration) => events.declaration(declaration)
    // Only whether a start tag gets a dictionary of its own hangs on it once the parser is made.
    insides.xmlnsOpt = false
    insides.openTagStartHandler = ({ name }) => {
      insides.tag.ns = insides.topNS = noDeclarations
      events.tagStart(name)
    }
    insides.attributeHandler = ({ name, prefix, value }) => {
      // Told before the parser enters the declaration.
      if ((prefix === 'xmlns' || name === 'xmlns') && insides.topNS === noDeclarations)
        insides.tag.ns = insides.topNS = Object.create(null)
      events.attribute(value)
    }
    insides.openTagHandler = (tag) => events.tagEnd(tag)
    insides.closeTagHandler = () => events.close()
    insides.textHandler = (piece) => events.text(piece)
    insides.cdataHandler = (piece) => events.text(piece)
    insides.commentHandler = (comment) => events.aside(comment.length)
    insides.piHandler = ({ target, body }) => events.aside(target.length + body.length)
    this.#parser = parser
    this.#insides = insides
  }

  /** From 1. */
  get line(): number {
    return this.#parser.line
  }

  /** Characters of the line read so far. */
  get column(): number {
    return this.#parser.column
  }

  /** UTF-16 units read so far. */
  get position(): number {
    return this.#parser.position
  }

  write(text: string): void {
    this.#parser.write(text)
  }

  close(): void {
    this.#parser.close()
  }

  /** Whether the parser stands in the text of an element with nothing gathered of it, so that text may go by beside it. */
  get isBetweenTexts(): boolean {
    const { state, text, tags, carriedFromPrevious } = this.#insides
    return state === stateText && text === '' && tags.length > 0 && carriedFromPrevious === undefined
  }

  /** Counts text that went by beside the parser: base64, to whose reader a `]` before it was a fault. `column`: after its last line end. */
  passBy(characters: number, lineEnds: number, column: number): void {
    const insides = this.#insides
    insides.chunkPosition += characters
    insides.line += lineEnds
    insides.column = lineEnds > 0 ? column : insides.column + column
  }

  /** After a `write`: takes what has been gathered of a text; undefined when markup is being read instead. */
  takeText(): string | undefined {
    const { state, entityReturnState, text } = this.#insides
    const isText =
      state === stateText || cdataStates.includes(state) || (state === stateEntity && entityReturnState === stateText)
    if (!isText) return undefined
    this.#insides.text = ''
    return text
  }

  /** Whether the parser stands between `&` and `;`. */
  get isInReference(): boolean {
    return this.#insides.state === stateEntity
  }

  /** After a `write`: UTF-16 units gathered of markup that is not complete. `value`: of an attribute or comment. */
  get unfinished(): { value: number; name: number; target: number; reference: string } {
    const { text, name, piTarget, entity } = this.#insides
    return { value: text.length, name: name.length, target: piTarget.length, reference: entity }
  }
}
