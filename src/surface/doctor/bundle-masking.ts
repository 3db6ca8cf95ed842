// What may leave the box in a support bundle. Unknown text never does: values are picked by the names that they have here, log lines
// field by field, and what is known to be secret is taken out of everything that is left, in the encodings that it may have.

import { constants } from 'node:os'

/** Texts under these names identify; none is a secret, a name of a person or a part of a document. */
const textNames = new Set(
  (
    'station id version generation overall state kind about severity code check act step part service rv signal errno ' +
    'label serial scheme token certificateSha256 trouble module key_id log_level data_folder listen announce url site ' +
    'agencies proc_folder sys_folder chronyc mode expires node arch address peerId'
  ).split(' '),
)
const safeText = /^[\w ./:@+,()[\]-]{0,200}$/
const safeName = /^[A-Za-z]\w{0,40}$/
const maxItems = 1000
const maxDepth = 8

/**
 * `value` with what may be shown: numbers and booleans, and texts under the names above. Other texts become `"(set)"`, or the
 * system error that they name.
 * @param value made by our own code, so that names of keys are ours; its texts may come from anybody
 */
export function shownOf(value: unknown, name = '', depth = 0): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'string') return shownText(value, name)
  if (typeof value !== 'object' || depth > maxDepth) return undefined
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => shownOf(item, name, depth + 1))
  const entries = Object.entries(value).filter(([key]) => safeName.test(key))
  return Object.fromEntries(entries.map(([key, inner]) => [key, shownOf(inner, key, depth + 1)]))
}

function shownText(text: string, name: string): string {
  if (textNames.has(name) && safeText.test(text)) return text
  // What a far engineer wants most of a text that he may not see.
  return (
    text
      .slice(0, 1000)
      .match(/\bE[A-Z0-9]{2,14}\b/g)
      ?.find((word) => Object.hasOwn(constants.errno, word)) ?? '(set)'
  )
}

const logTexts: Readonly<Record<string, RegExp>> = {
  time: /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/,
  code: /^[A-Z_]{2,40}$/,
  step: /^[a-z -]{1,40}$/,
  part: /^[a-z -]{1,40}$/,
  state: /^[a-z-]{1,20}$/,
  station: /^[a-z0-9-]{1,32}$/,
  signal: /^SIG[A-Z0-9]{2,8}$/,
  rv: /^CKR_[A-Z_]{1,60}$/,
}
const logNumbers = /^[a-z]\w{0,38}(Ms|Bytes)$|^(level|pid|signerPid|version|sequence|exitCode|count|attempts)$/
/** A frame of a stack: where in our program, never with what. */
const stackFrame = /^\s{2,12}at [\w.#<>[\] ]{1,100} ?\((?:file:\/\/|node:)?[\w./-]{1,200}:\d{1,7}:\d{1,7}\)$/

/**
 * A line of a log as it may be shown.
 * @param isOurs whether the program holds a message literally: only such messages are shown
 */
export function shownLogLine(line: string, isOurs: (message: string) => boolean): string {
  if (stackFrame.test(line)) return line
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    return `(${line.length} characters)`
  }
  if (typeof fields !== 'object' || fields === null) return `(${line.length} characters)`
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    const pattern = Object.hasOwn(logTexts, name) ? logTexts[name] : undefined
    if (typeof value === 'number' && logNumbers.test(name)) shown[name] = value
    else if (typeof value === 'string' && pattern?.test(value)) shown[name] = value
    else if (name === 'msg' && typeof value === 'string' && isOurs(value)) shown[name] = value
  }
  return JSON.stringify(shown)
}

/** Shorter ones would take out half of every text. */
const leastSecretLength = 4

/** Takes secrets out of texts, as they are and as they may have been encoded. */
export function createScrubber(secrets: readonly string[]): (text: string) => string {
  const forms = new Set<string>()
  for (const secret of secrets) {
    // Of a key in PEM, each line by itself.
    for (const part of [secret, ...secret.split(/\r?\n/).filter((line) => line.length >= 16)]) {
      if (part.length < leastSecretLength) continue
      const bytes = Buffer.from(part)
      const base64 = bytes.toString('base64').replace(/=+$/, '')
      for (const form of [part, JSON.stringify(part).slice(1, -1), encodeURIComponent(part), base64]) forms.add(form)
      for (const form of [bytes.toString('base64url'), bytes.toString('hex'), bytes.toString('hex').toUpperCase()])
        forms.add(form)
    }
  }
  // Longest first, or a part of a secret would be left of one that holds another.
  const ordered = [...forms].sort((a, b) => b.length - a.length)
  return (text) => ordered.reduce((left, form) => left.replaceAll(form, '[…]'), text)
}
