// The backends that the configuration names: their secrets and the addresses they may call from. Loaded once at start;
// vxp-request.ts asks it for every request.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { TramError } from '../../base/errors.ts'
import type { Backend } from '../../exchange/desk.ts'
import type { BackendOptions } from './vxp-options.ts'

const loopback = ['127.0.0.0/8', '::1']

/** One backend, ready to be compared with a request. */
export interface KnownBackend {
  backend: Backend
  secret: string
  /** Whether it may call from this address (as a socket gives it, IPv4-mapped IPv6 included). */
  allows: (address: string) => boolean
  /** Whether a body that no signed header binds is believed from this address over plain HTTP. */
  trusts: (address: string) => boolean
}

/** Backends by systemid, and a stand-in for unknown ones so that both cost the same time. */
export class BackendRegister {
  readonly #known: ReadonlyMap<string, KnownBackend>
  readonly #nobodySecret = randomBytes(32).toString('hex')

  constructor(known: readonly KnownBackend[]) {
    this.#known = new Map(known.map((entry) => [entry.backend.systemid, entry]))
  }

  find(systemid: string): KnownBackend | undefined {
    return this.#known.get(systemid)
  }

  /** A key that nobody knows. */
  get nobodySecret(): string {
    return this.#nobodySecret
  }
}

/**
 * Reads the secret files and parses the address lists.
 * @throws TramError CONFIG_INVALID, naming the backend but never its secret
 */
export async function loadBackends(options: BackendOptions): Promise<BackendRegister> {
  const known: KnownBackend[] = []
  for (const [index, entry] of options.entries()) {
    const place = `backend[${index}]`
    if (options.findIndex((other) => other.systemid === entry.systemid) !== index)
      throw refusal(`${place}.systemid`, `${entry.systemid} is configured twice`)
    known.push({
      backend: { systemid: entry.systemid, agencies: [...entry.agencies] },
      secret: await secretOf(entry, place),
      allows: addressRule(entry.addresses, `${place}.addresses`),
      trusts: addressRule([...loopback, ...entry.register_addresses], `${place}.register_addresses`),
    })
  }
  return new BackendRegister(known)
}

async function secretOf(entry: BackendOptions[number], place: string): Promise<string> {
  if ((entry.secret === undefined) === (entry.secret_file === undefined))
    throw refusal(`${place}.secret`, 'exactly one of secret and secret_file is needed')
  if (entry.secret_file === undefined) return entry.secret ?? ''
  let text: string
  try {
    text = await readFile(entry.secret_file, 'utf8')
  } catch (cause) {
    throw refusal(`${place}.secret_file`, 'cannot be read', cause)
  }
  // Editors end a file with a line end; a secret never does.
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw refusal(`${place}.secret_file`, 'is empty')
  return secret
}

/**
 * The rule of an address list: addresses and CIDRs; an empty list means loopback only.
 * @throws TramError CONFIG_INVALID when an entry is neither
 */
export function addressRule(addresses: readonly string[], key: string): (address: string) => boolean {
  const list = new BlockList()
  for (const entry of addresses.length > 0 ? addresses : loopback) {
    const [address = '', prefix, ...rest] = entry.split('/')
    const family = isIP(address)
    const maxPrefix = family === 4 ? 32 : 128
    const bits = prefix === undefined ? maxPrefix : Number(prefix)
    const isPrefix = prefix === undefined || /^\d{1,3}$/.test(prefix)
    if (family === 0 || rest.length > 0 || !isPrefix || bits > maxPrefix)
      throw refusal(key, `${entry} is neither an address nor a CIDR`)
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return (source) => {
    // A dual-stack socket gives IPv4 sources as ::ffff:a.b.c.d; a link-local one has a zone behind %.
    const plain = source.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
    const family = isIP(plain)
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }
}

function refusal(key: string, detail: string, cause?: unknown): TramError {
  return new TramError('CONFIG_INVALID', { file: 'tram.toml', line: 0, key, detail }, { cause })
}
