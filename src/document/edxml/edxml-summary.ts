// The gathered tree of a packet (edxml-tree) to its PacketSummary: what is required, what is only reported, and whether
// manifest and attachments agree. Called by edxml-reader at the end of a packet.
import { isAgencyCode } from '../agency-code.ts'
import { isProcessingStatusCode } from '../processing-status.ts'
import { attachmentsOf } from './edxml-attachments.ts'
import { child, children, type FoundElement, missing, required, requiredText, text } from './edxml-element.ts'
import type { PacketTree } from './edxml-tree.ts'
import type { BusinessInfo, PacketSummary, PartyInfo, ResponseForInfo, StaffInfo } from './packet-summary.ts'

/** Lengths that a vendor's validator enforces, in characters; longer is reported. */
const maxLengths: Readonly<Record<string, number>> = {
  OrganId: 35,
  OrganName: 200,
  OrganAdd: 250,
  Email: 100,
  CodeNumber: 11,
  CodeNotation: 30,
  Place: 50,
  Subject: 500,
  Content: 500,
  TypeName: 100,
  Competence: 100,
  Position: 100,
  FullName: 50,
  AttachmentName: 500,
}

const businessDocTypes: readonly string[] = ['', '0', '1', '2', '3']

/**
 * The summary of a packet that was scanned to its end.
 * @throws TramError PACKET_FIELD_MISSING, PACKET_FIELD_INVALID, PACKET_ATTACHMENT_INVALID
 */
export function summarize(tree: PacketTree): PacketSummary {
  const root = required(tree.document, 'edXML')
  const header = required(required(required(root, 'edXMLEnvelope'), 'edXMLHeader'), 'MessageHeader')
  const envelope = child(root, 'edXMLEnvelope')
  const trace = child(child(envelope, 'edXMLHeader'), 'TraceHeaderList')
  const business = child(trace, 'Bussiness')
  const kind = kindOf(header)

  const from = required(header, 'From')
  requiredText(from, 'OrganId')
  if (kind === 'status') assertStatus(header)
  else assertDocument(header)

  warnLongTexts(tree, root)
  warnOddValues(tree, kind, header, business)
  return {
    kind,
    from: partyOf(from),
    to: recipientsOf(tree, header),
    documentId: text(header, 'DocumentId'),
    codeNumber: text(child(header, 'Code'), 'CodeNumber'),
    codeNotation: text(child(header, 'Code'), 'CodeNotation'),
    promulgationDate: text(child(header, 'PromulgationInfo'), 'PromulgationDate'),
    promulgationPlace: text(child(header, 'PromulgationInfo'), 'Place'),
    documentType: {
      type: text(child(header, 'DocumentType'), 'Type'),
      typeDetail: text(child(header, 'DocumentType'), 'TypeDetail'),
      typeName: text(child(header, 'DocumentType'), 'TypeName'),
    },
    subject: text(header, 'Subject'),
    content: text(header, 'Content'),
    signer: {
      competence: text(child(header, 'SignerInfo'), 'Competence'),
      position: text(child(header, 'SignerInfo'), 'Position'),
      fullName: text(child(header, 'SignerInfo'), 'FullName'),
    },
    dueDate: text(header, 'DueDate'),
    priority: priorityOf(tree, header),
    sphereOfPromulgation: text(child(header, 'OtherInfo'), 'SphereOfPromulgation'),
    steeringType: text(header, 'SteeringType'),
    business: businessOf(business),
    responseFor: children(header, 'ResponseFor').map(responseForOf),
    statusCode: text(header, 'StatusCode'),
    statusDescription: text(header, 'Description'),
    timestamp: kind === 'status' ? text(header, 'Timestamp') : text(child(trace, 'TraceHeader'), 'Timestamp'),
    staff: staffOf(child(header, 'StaffInfo') ?? child(business, 'StaffInfo')),
    attachments: attachmentsOf(tree, root),
    hasSignature: [root, envelope, child(envelope, 'edXMLHeader')].some(
      (place) => child(place, 'Signature') !== undefined,
    ),
    warnings: tree.warnings,
  }
}

/**
 * A StatusCode makes a status packet. An empty one does not if there is a Code or a Subject: such an element is then
 * only a field that the sender's software always writes.
 */
function kindOf(header: FoundElement): PacketSummary['kind'] {
  if (text(header, 'StatusCode') !== '') return 'status'
  const looksLikeDocument = child(header, 'Code') !== undefined || child(header, 'Subject') !== undefined
  return child(header, 'StatusCode') !== undefined && !looksLikeDocument ? 'status' : 'document'
}

function assertStatus(header: FoundElement): void {
  requiredText(header, 'StatusCode')
  required(header, 'ResponseFor')
}

function assertDocument(header: FoundElement): void {
  required(header, 'To')
  const code = required(header, 'Code')
  requiredText(code, 'CodeNumber')
  requiredText(code, 'CodeNotation')
  requiredText(required(header, 'PromulgationInfo'), 'PromulgationDate')
  requiredText(header, 'Subject')
}

/** Distinct recipients. One without a code is refused, since it would silently go nowhere; a wholly empty To is not one. */
function recipientsOf(tree: PacketTree, header: FoundElement): PartyInfo[] {
  const recipients = new Map<string, PartyInfo>()
  for (const to of children(header, 'To')) {
    const party = partyOf(to)
    if (Object.values(party).every((value) => value === '')) {
      tree.warn(to.path, to.line, 'it is empty and does not count')
    } else if (party.organId === '') {
      throw missing(to, 'OrganId')
    } else if (recipients.has(party.organId)) {
      tree.warn(to.path, to.line, 'its OrganId occurs before, it does not count again')
    } else {
      recipients.set(party.organId, party)
    }
  }
  if (recipients.size === 0 && kindOf(header) === 'document') throw missing(header, 'To.OrganId')
  return [...recipients.values()]
}

function priorityOf(tree: PacketTree, header: FoundElement): number {
  const priority = child(child(header, 'OtherInfo'), 'Priority')
  const value = priority?.text ?? ''
  if (priority === undefined || value === '') return 0
  if (/^[0-4]$/.test(value)) return Number(value)
  tree.warn(priority.path, priority.line, 'it is not in the code table, taken as 0')
  return 0
}

function partyOf(party: FoundElement): PartyInfo {
  return {
    organId: text(party, 'OrganId'),
    organizationInCharge: text(party, 'OrganizationInCharge'),
    organName: text(party, 'OrganName'),
    organAdd: text(party, 'OrganAdd'),
    email: text(party, 'Email'),
    telephone: text(party, 'Telephone'),
    fax: text(party, 'Fax'),
    website: text(party, 'Website'),
  }
}

function responseForOf(responseFor: FoundElement): ResponseForInfo {
  const code = child(responseFor, 'Code')
  const parts = [text(code, 'CodeNumber'), text(code, 'CodeNotation')].filter((part) => part !== '')
  return {
    organId: text(responseFor, 'OrganId'),
    code: code?.text || parts.join('/'),
    promulgationDate: text(responseFor, 'PromulgationDate'),
    documentId: text(responseFor, 'DocumentId'),
  }
}

function businessOf(business: FoundElement | undefined): BusinessInfo {
  return {
    docType: text(business, 'BussinessDocType'),
    documentId: text(business, 'DocumentId'),
    reason: text(business, 'BussinessDocReason'),
    replaces: children(child(business, 'ReplacementInfoList'), 'ReplacementInfo').map((replaced) => ({
      documentId: text(replaced, 'DocumentId'),
      organIds: [...children(replaced, 'OrganId'), ...children(child(replaced, 'OrganIdList'), 'OrganId')]
        .map((organ) => organ.text)
        .filter((organId) => organId !== ''),
    })),
  }
}

function staffOf(staff: FoundElement | undefined): StaffInfo {
  return {
    department: text(staff, 'Department'),
    staff: text(staff, 'Staff'),
    email: text(staff, 'Email'),
    mobile: text(staff, 'Mobile'),
  }
}

/** Composed first: a decomposed Vietnamese letter is up to three code points, and one character to its writer. */
function warnLongTexts(tree: PacketTree, element: FoundElement): void {
  element.children.forEach((found, name) => {
    const maximum = maxLengths[name]
    for (const one of found) {
      const length = maximum === undefined || one.text.length <= maximum ? 0 : codePoints(one.text.normalize('NFC'))
      if (maximum !== undefined && length > maximum) {
        tree.warn(one.path, one.line, `it has ${length} characters, ${maximum} are usual`)
      }
      if (one.children.size > 0) warnLongTexts(tree, one)
    }
  })
}

/** How many there are; a list of them would take a hundred times the memory of the text. */
function codePoints(text: string): number {
  let pairs = 0
  for (let at = 1; at < text.length; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800) pairs++
  }
  return text.length - pairs
}

function warnOddValues(
  tree: PacketTree,
  kind: PacketSummary['kind'],
  header: FoundElement,
  business: FoundElement | undefined,
): void {
  for (const party of [...children(header, 'From'), ...children(header, 'To')]) {
    const organId = child(party, 'OrganId')
    if (organId !== undefined && organId.text !== '' && !isAgencyCode(organId.text)) {
      tree.warn(organId.path, organId.line, 'it does not look like an agency code')
    }
  }
  for (const date of [child(child(header, 'PromulgationInfo'), 'PromulgationDate'), child(header, 'DueDate')]) {
    if (date !== undefined && date.text !== '' && !/^\d{4}\/\d{2}\/\d{2}$/.test(date.text)) {
      tree.warn(date.path, date.line, 'it is not written yyyy/MM/dd')
    }
  }
  const docType = child(business, 'BussinessDocType')
  if (docType !== undefined && !businessDocTypes.includes(docType.text)) {
    tree.warn(docType.path, docType.line, 'it is not in the code table')
  }
  const status = child(header, 'StatusCode')
  if (kind === 'status' && status !== undefined) {
    if (!isProcessingStatusCode(status.text)) tree.warn(status.path, status.line, 'it is not in the code table')
    if (child(header, 'Subject') !== undefined) tree.warn('Subject', status.line, 'a status packet has none')
  }
}
