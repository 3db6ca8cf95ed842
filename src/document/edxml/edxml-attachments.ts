// The attachments of a packet and the manifest that names them: each must name the other. Called by edxml-summary.
import { TramError } from '../../base/errors.ts'
import { child, children, type FoundElement, text } from './edxml-element.ts'
import type { PacketTree } from './edxml-tree.ts'
import type { AttachmentInfo } from './packet-summary.ts'

/** Local file header of a zip archive: PK 03 04. */
const zipSignature = [0x50, 0x4b, 0x03, 0x04]

/**
 * The attachments in the order of their bytes in the packet.
 * @throws TramError PACKET_ATTACHMENT_INVALID when a reference has no attachment or the reverse, when two share a
 * ContentId, or when there is no content
 */
export function attachmentsOf(tree: PacketTree, root: FoundElement): AttachmentInfo[] {
  const manifest = child(child(child(root, 'edXMLEnvelope'), 'edXMLBody'), 'edXMLManifest')
  const references = byContentId(children(manifest, 'Reference'), 'two references of the manifest have this ContentId')
  const elements = byContentId(
    children(child(root, 'AttachmentEncoded'), 'Attachment'),
    'two attachments have this ContentId',
  )
  for (const [contentId, reference] of references) {
    if (!elements.has(contentId)) throw fault(reference, 'the manifest names it, but there is no such attachment')
  }
  return [...elements].map(([contentId, element]) => {
    const reference = references.get(contentId)
    if (reference === undefined) throw fault(element, 'the manifest does not name it')
    return attachmentOf(tree, element, reference)
  })
}

function attachmentOf(tree: PacketTree, element: FoundElement, reference: FoundElement): AttachmentInfo {
  const encoded = child(element, 'ContentTransferEncoded')
  if (encoded?.content === undefined) throw fault(element, 'it has no ContentTransferEncoded')
  const { decodedBytes, head } = encoded.content
  if (decodedBytes === 0) tree.warn(encoded.path, encoded.line, 'it is empty')
  const manifestName = text(reference, 'AttachmentName')
  const name = text(element, 'AttachmentName') || manifestName
  if (manifestName !== '' && manifestName !== name) {
    tree.warn(reference.path, reference.line, 'its AttachmentName differs from that of the attachment')
  }
  return {
    contentId: writtenContentId(element),
    name,
    manifestName,
    contentType: text(element, 'ContentType') || text(reference, 'ContentType'),
    description: text(element, 'Description') || text(reference, 'Description'),
    decodedBytes,
    zipped: zipSignature.every((byte, index) => head[index] === byte),
  }
}

/** @throws TramError PACKET_ATTACHMENT_INVALID when one has no ContentId or two have the same */
function byContentId(elements: readonly FoundElement[], whenTwice: string): Map<string, FoundElement> {
  const found = new Map<string, FoundElement>()
  for (const element of elements) {
    const contentId = comparableContentId(writtenContentId(element))
    if (contentId === '') throw fault(element, 'it has no ContentId')
    if (found.has(contentId)) throw fault(element, whenTwice)
    found.set(contentId, element)
  }
  return found
}

/** A reference may say it in `xlink:href` alone. */
function writtenContentId(element: FoundElement): string {
  return text(element, 'ContentId') || (element.attributes.get('href')?.trim() ?? '')
}

/** The scheme `cid:` may be missing on one side. */
export function comparableContentId(contentId: string): string {
  return contentId.replace(/^cid:/i, '')
}

function fault(element: FoundElement, detail: string): TramError {
  const contentId = writtenContentId(element).slice(0, 200) || element.path
  return new TramError('PACKET_ATTACHMENT_INVALID', { contentId, line: element.line, detail })
}
