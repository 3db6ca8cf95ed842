// What box this is: told once, with the versions, to those who keep a list of boxes. inventory-process.ts asks for it.

/** What a box could not tell has no key. Texts have no control characters and at most 200 characters. */
export interface BoxInventory {
  manufacturer?: string
  model?: string
  serial?: string
  system?: string
  kernel?: string
  architecture?: string
  disks?: { name: string; model?: string; serial?: string; bytes?: number }[]
}

const maxDisks = 16
const maxTextLength = 200

/**
 * The inventory in what the inventory program prints.
 * @param text attacker-controlled: names that firmware and disks give themselves; its length is bounded by the caller
 * @returns an empty inventory when it is no JSON object
 */
export function parseInventory(text: string): BoxInventory {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return {}
  }
  const disks = list(field(answer, 'disks')).flatMap((disk) => {
    const name = words(field(disk, 'name'))
    const bytes = field(disk, 'bytes')
    const size = typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined
    if (name === undefined) return []
    const [model, serial] = [words(field(disk, 'model')), words(field(disk, 'serial'))]
    return [{ name, ...known({ model, serial, bytes: size }) }]
  })
  const names = ['manufacturer', 'model', 'serial', 'system', 'kernel', 'architecture'] as const
  const texts = Object.fromEntries(names.map((name) => [name, words(field(answer, name))]))
  return { ...known(texts), ...(disks.length === 0 ? {} : { disks }) }
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, maxDisks) : [])

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

/** A text that says something: vendors leave `-` and the names of the fields themselves. */
function words(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\s]+/gu, ' ')
    .trim()
    .slice(0, maxTextLength)
  const says = text !== '' && !/^(-+|0+|none|default string|not specified|to be filled by o\.?e\.?m\.?)$/i.test(text)
  return says ? text : undefined
}

const known = <Value extends object>(values: Value): Partial<Value> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<Value>
