// The elements of edXML that the station reads, and where each may stand (docs/reference/edxml.md). What is not named
// here, or stands elsewhere, is read past: an OrganId inside ResponseFor is never taken for From's.

/**
 * What a second element of the same name in the same parent means:
 * `refuse`: two readers could take different ones, and it matters; `first`: the first counts, reported;
 * `ignore`: the first counts; or the name of the limit for elements that repeat.
 */
export type Repetition = 'refuse' | 'first' | 'ignore' | RepetitionLimit
export type RepetitionLimit = 'maxAttachments' | 'maxRecipients' | 'maxResponseFor' | 'maxReplacements'

export interface ElementShape {
  /** `group`: text is white space only; `text`: the text counts; `base64`: checked and measured, never kept. */
  holds: 'group' | 'text' | 'base64'
  repetition: Repetition
  /** By local name. */
  children: ReadonlyMap<string, ElementShape>
}

const none: ReadonlyMap<string, ElementShape> = new Map()

function text(repetition: Repetition = 'refuse'): ElementShape {
  return { holds: 'text', repetition, children: none }
}

function group(children: Record<string, ElementShape>, repetition: Repetition = 'refuse'): ElementShape {
  return { holds: 'group', repetition, children: new Map(Object.entries(children)) }
}

function party(repetition: Repetition): ElementShape {
  return group(
    {
      OrganId: text(),
      OrganizationInCharge: text('first'),
      OrganName: text('first'),
      OrganAdd: text('first'),
      Email: text('first'),
      Telephone: text('first'),
      Fax: text('first'),
      Website: text('first'),
    },
    repetition,
  )
}

const staffInfo = group(
  { Department: text('first'), Staff: text('first'), Email: text('first'), Mobile: text('first') },
  'first',
)

const responseFor = group(
  {
    OrganId: text(),
    // One string in the packets seen; CodeNumber and CodeNotation inside are read as well.
    Code: {
      holds: 'text',
      repetition: 'refuse',
      children: new Map([
        ['CodeNumber', text()],
        ['CodeNotation', text()],
      ]),
    },
    PromulgationDate: text(),
    DocumentId: text(),
  },
  'maxResponseFor',
)

const messageHeader = group({
  From: party('refuse'),
  To: party('maxRecipients'),
  DocumentId: text(),
  Code: group({ CodeNumber: text(), CodeNotation: text() }),
  PromulgationInfo: group({ Place: text('first'), PromulgationDate: text() }),
  DocumentType: group({ Type: text(), TypeDetail: text(), TypeName: text() }),
  Subject: text(),
  Content: text('first'),
  SignerInfo: group({ Competence: text('first'), Position: text('first'), FullName: text('first') }, 'first'),
  DueDate: text('first'),
  OtherInfo: group({ Priority: text(), SphereOfPromulgation: text() }),
  ResponseFor: responseFor,
  SteeringType: text('first'),
  StaffInfo: staffInfo,
  StatusCode: text(),
  Description: text('first'),
  Timestamp: text('first'),
})

const replacement = group(
  {
    DocumentId: text(),
    OrganId: text('maxRecipients'),
    OrganIdList: group({ OrganId: text('maxRecipients') }),
  },
  'maxReplacements',
)

const business = group({
  DocumentId: text(),
  BussinessDocType: text(),
  BussinessDocReason: text('first'),
  ReplacementInfoList: group({ ReplacementInfo: replacement }),
  StaffInfo: staffInfo,
})

const attachment = group(
  {
    ContentId: text(),
    AttachmentName: text(),
    Description: text('first'),
    ContentType: text('first'),
    ContentTransferEncoded: { holds: 'base64', repetition: 'refuse', children: none },
  },
  'maxAttachments',
)

const reference = group(
  { ContentId: text(), ContentType: text('first'), Description: text('first'), AttachmentName: text() },
  'maxAttachments',
)

/** Only whether it is there is read: anywhere above the fields, in whichever namespace. */
const signature = group({}, 'ignore')

/** The document: its only child is the root element. */
export const packetShape = group({
  edXML: group({
    edXMLEnvelope: group({
      edXMLHeader: group({
        MessageHeader: messageHeader,
        TraceHeaderList: group({
          TraceHeader: group({ Timestamp: text('ignore') }, 'ignore'),
          Bussiness: business,
        }),
        Signature: signature,
      }),
      edXMLBody: group({ edXMLManifest: group({ Reference: reference }) }),
      Signature: signature,
    }),
    AttachmentEncoded: group({ Attachment: attachment }),
    Signature: signature,
  }),
})
