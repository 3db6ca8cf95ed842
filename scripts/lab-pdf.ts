// A PDF of one page, as an office's software prints it: Vietnamese text, tables of lines, a signature frame. No font file is
// needed: letters are the reader's own Times, diacritics are drawn, and ActualText says what they mean when text is copied.
// Long because: a page, its text and its marks have one coordinate system.

/** One line of the page. Points, from the lower left corner. */
export interface PdfLine {
  x: number
  y: number
  /** Points. */
  size: number
  text: string
  bold?: boolean
  /** `x` is the middle of the line, not its beginning. */
  centred?: boolean
  /** Red, green, blue, each 0 to 1. */
  colour?: readonly [number, number, number]
}

/** A frame or, with no height, a rule. */
export interface PdfFrame {
  x: number
  y: number
  width: number
  height: number
  colour?: readonly [number, number, number]
}

export interface PdfPage {
  title: string
  author: string
  createdMs: number
  lines: readonly PdfLine[]
  frames: readonly PdfFrame[]
}

/** Widths of Times-Roman from space to tilde, in thousandths of the size (Adobe Core 14 metrics). */
const widths = [
  250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
  500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889,
  722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500,
  444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480,
  200, 480, 541,
]
/** Of letters: where marks above them stand, in thousandths of the size. */
const lowerTop = 460
const upperTop = 670
/** How much higher the second of two marks stands. */
const markStep = 150

/** Strokes around (0, 0), the middle of a letter's top (for the dot: of its foot), in thousandths. */
const marks: Readonly<Record<string, string>> = {
  '\u0301': '-30 50 m 60 185 l S', // acute
  '\u0300': '30 50 m -60 185 l S', // grave
  '\u0309': '-50 165 m -45 225 55 225 52 160 c 48 110 0 115 2 60 c S', // hook above
  '\u0303': '-115 75 m -80 175 -30 150 0 115 c 35 80 85 70 115 165 c S', // tilde
  '\u0302': '-105 60 m 0 165 l 105 60 l S', // circumflex
  '\u0306': '-105 150 m -75 45 75 45 105 150 c S', // breve
  '\u0323': '0 -130 m 0 -130 l S', // dot below
}
const firstMarks = new Set(['\u0302', '\u0306'])
const horn = '\u031b'

/** Bytes of a PDF 1.7 file; equal arguments give equal bytes. */
export function writePdf(page: PdfPage): Buffer {
  const content = [...page.frames.map(drawFrame), ...page.lines.map(drawLine)].join('')
  const info = `/Title ${utf16(page.title)} /Author ${utf16(page.author)} /CreationDate (D:${stamp(page.createdMs)}+07'00')`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R /Lang (vi-VN) >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>',
    `<< /Length ${Buffer.byteLength(content, 'latin1')} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>',
    `<< ${info} >>`,
  ]
  let file = '%PDF-1.7\n%\xe2\xe3\xcf\xd3\n'
  const offsets = objects.map((object, index) => {
    const offset = file.length
    file += `${index + 1} 0 obj\n${object}\nendobj\n`
    return offset
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const start = file.length
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n${start}\n%%EOF\n`
  return Buffer.from(file, 'latin1') // every character is one byte: offsets are lengths
}

/** Width of a text in points. */
export function textWidth(text: string, size: number): number {
  let thousandths = 0
  for (const { base } of letters(text)) thousandths += widthOf(base)
  return (thousandths * size) / 1000
}

/** Words in lines of at most `width` points. */
export function wrapText(text: string, size: number, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

function drawFrame({ x, y, width, height, colour = [0, 0, 0] }: PdfFrame): string {
  return `q ${colour.join(' ')} RG 0.8 w ${x} ${y} ${width} ${height} re S Q\n`
}

function drawLine({ x, y, size, text, bold = false, centred = false, colour = [0, 0, 0] }: PdfLine): string {
  const left = centred ? x - textWidth(text, size) / 2 : x
  const scale = size / 1000
  const at = (value: number): string => value.toFixed(3)
  const glyphs: string[] = []
  const strokes: string[] = []
  let right = 0
  for (const { base, above, below, hasHorn, hasBar } of letters(text)) {
    const width = widthOf(base)
    const isUpper = base >= 'A' && base <= 'Z'
    // A letter with a mark above has no dot of its own: the reader's font has a dotless i only by another encoding.
    glyphs.push(base)
    for (const [index, mark] of above.entries()) {
      const top = (isUpper ? upperTop : lowerTop) + index * markStep + (base === 'i' ? 110 : 0)
      strokes.push(moved(right + width / 2, top, marks[mark] ?? ''))
    }
    if (below) strokes.push(moved(right + width / 2, 0, `110 w ${marks['\u0323']}`))
    if (hasHorn) {
      const top = isUpper ? 560 : 400
      strokes.push(moved(right + width - (isUpper ? 70 : 50), top, '0 0 m 70 10 80 60 60 130 c S'))
    }
    if (hasBar) strokes.push(moved(right, 0, isUpper ? '10 335 m 330 335 l S' : '250 585 m 520 585 l S'))
    right += width
  }
  const rgb = colour.join(' ')
  const render = bold ? `2 Tr ${at(size / 32)} w` : '0 Tr'
  const place = `${rgb} rg ${rgb} RG /F1 ${size} Tf ${render} 1 0 0 1 ${at(left)} ${at(y)} Tm`
  const span = `/Span << /ActualText ${utf16(text)} >> BDC (${escapeText(glyphs.join(''))}) Tj EMC`
  const transform = `${scale} 0 0 ${scale} ${at(left)} ${at(y)} cm`
  const drawn =
    strokes.length === 0 ? '' : ` q ${transform} ${rgb} RG 1 J 1 j ${bold ? 70 : 48} w ${strokes.join(' ')} Q`
  return `q BT ${place} ${span} ET${drawn} Q\n`
}

const moved = (x: number, y: number, strokes: string): string => `q 1 0 0 1 ${x} ${y} cm ${strokes} Q`

/** A letter of the reader's font and what is drawn on it. */
interface Letter {
  base: string
  above: string[]
  below: boolean
  hasHorn: boolean
  hasBar: boolean
}

function* letters(text: string): Iterable<Letter> {
  let letter: Letter | undefined
  for (const sign of text.replaceAll('–', '-').replaceAll(/[“”]/g, '"').normalize('NFD')) {
    if (letter !== undefined && /\p{Mark}/u.test(sign)) {
      if (sign === '\u0323') letter.below = true
      else if (sign === horn) letter.hasHorn = true
      else if (firstMarks.has(sign)) letter.above.unshift(sign)
      else if (sign in marks) letter.above.push(sign)
      continue
    }
    if (letter !== undefined) yield letter
    const hasBar = sign === 'đ' || sign === 'Đ'
    const base = sign === 'đ' ? 'd' : sign === 'Đ' ? 'D' : /^[ -~]$/.test(sign) ? sign : '?'
    letter = { base, above: [], below: false, hasHorn: false, hasBar }
  }
  if (letter !== undefined) yield letter
}

const widthOf = (base: string): number => widths[base.charCodeAt(0) - 32] ?? 500
const escapeText = (text: string): string => text.replaceAll(/[\\()]/g, '\\$&')
const utf16 = (text: string): string => `<FEFF${Buffer.from(text, 'utf16le').swap16().toString('hex').toUpperCase()}>`

/** yyyyMMddHHmmss of Vietnam. */
function stamp(ms: number): string {
  return new Date(ms + 7 * 3_600_000).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)
}
