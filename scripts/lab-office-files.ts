// A text document (.docx) and a spreadsheet (.xlsx) in the least that word processors open: Office Open XML parts in a zip.
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const packageNamespace = 'http://schemas.openxmlformats.org/package/2006'
const officeNamespace = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const wordNamespace = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'
const sheetNamespace = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const typesPrefix = 'application/vnd.openxmlformats-officedocument'

export interface DocxParagraph {
  text: string
  bold?: boolean
  centred?: boolean
}

/** A .docx with one section, set in Times New Roman 13. */
export function writeDocx(paragraphs: readonly DocxParagraph[], modifiedMs: number): Promise<Buffer> {
  const body = paragraphs.map(({ text, bold = false, centred = false }) => {
    const font = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/>'
    const run = `<w:rPr>${font}${bold ? '<w:b/>' : ''}<w:sz w:val="26"/></w:rPr>`
    const place = `<w:pPr><w:spacing w:after="120"/><w:jc w:val="${centred ? 'center' : 'both'}"/></w:pPr>`
    return `<w:p>${place}<w:r>${run}<w:t xml:space="preserve">${escapeXml(text)}</w:t></w:r></w:p>`
  })
  const page =
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="851" w:bottom="1134" w:left="1701"/></w:sectPr>'
  return zip(
    {
      '[Content_Types].xml': contentTypes({
        '/word/document.xml': `${typesPrefix}.wordprocessingml.document.main+xml`,
      }),
      '_rels/.rels': relationships({ officeDocument: 'word/document.xml' }),
      'word/document.xml': `${declaration}<w:document xmlns:w="${wordNamespace}"><w:body>${body.join('')}${page}</w:body></w:document>`,
    },
    modifiedMs,
  )
}

/** A .xlsx with one sheet; numbers become numbers. */
export function writeXlsx(
  sheetName: string,
  rows: readonly (readonly (string | number)[])[],
  modifiedMs: number,
): Promise<Buffer> {
  const cell = (value: string | number): string =>
    typeof value === 'number' ? `<c><v>${value}</v></c>` : `<c t="inlineStr"><is><t>${escapeXml(value)}</t></is></c>`
  const data = rows.map((row, at) => `<row r="${at + 1}">${row.map(cell).join('')}</row>`).join('')
  return zip(
    {
      '[Content_Types].xml': contentTypes({
        '/xl/workbook.xml': `${typesPrefix}.spreadsheetml.sheet.main+xml`,
        '/xl/worksheets/sheet1.xml': `${typesPrefix}.spreadsheetml.worksheet+xml`,
      }),
      '_rels/.rels': relationships({ officeDocument: 'xl/workbook.xml' }),
      'xl/workbook.xml': `${declaration}<workbook xmlns="${sheetNamespace}" xmlns:r="${officeNamespace}"><sheets><sheet name="${escapeXml(sheetName)}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
      'xl/_rels/workbook.xml.rels': relationships({ worksheet: 'worksheets/sheet1.xml' }),
      'xl/worksheets/sheet1.xml': `${declaration}<worksheet xmlns="${sheetNamespace}"><sheetData>${data}</sheetData></worksheet>`,
    },
    modifiedMs,
  )
}

function contentTypes(parts: Readonly<Record<string, string>>): string {
  const overrides = Object.entries(parts).map(([name, type]) => `<Override PartName="${name}" ContentType="${type}"/>`)
  const defaults = `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>`
  return `${declaration}<Types xmlns="${packageNamespace}/content-types">${defaults}${overrides.join('')}</Types>`
}

/** Targets by the last word of their relationship's type. */
function relationships(targets: Readonly<Record<string, string>>): string {
  const list = Object.entries(targets).map(
    ([type, target], at) => `<Relationship Id="rId${at + 1}" Type="${officeNamespace}/${type}" Target="${target}"/>`,
  )
  return `${declaration}<Relationships xmlns="${packageNamespace}/relationships">${list.join('')}</Relationships>`
}

async function zip(parts: Readonly<Record<string, string>>, modifiedMs: number): Promise<Buffer> {
  const archive = new ZipFile()
  for (const [name, text] of Object.entries(parts))
    archive.addBuffer(Buffer.from(text), name, { mtime: new Date(modifiedMs) })
  archive.end()
  return buffer(archive.outputStream)
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
