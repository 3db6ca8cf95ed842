// The `[mqtt]` section of tram.toml: the broker that the station reports its health to. Composed by config.ts, which also asks
// brokerMistake for what a schema cannot see; mqtt-health-broker.ts reads the values.
import { isIP } from 'node:net'
import Type, { type Static } from 'typebox'

const pemFile = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description }))

/** Without `url` the station reports to no broker. */
export const mqttOptions = Type.Object(
  {
    url: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'mqtts://host:port of an MQTT 5 broker; mqtt:// (not encrypted) for a loopback address only',
      }),
    ),
    site: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9-]{1,32}$',
        description: 'where the station is racked: the second part of its topics, tram/v1/<site>/<station>/…',
      }),
    ),
    ca_file: pemFile("PEM file: the authority that issued the broker's certificate"),
    certificate_file: pemFile(
      "PEM file: the station's client certificate, its common name the station's id; then its intermediates",
    ),
    key_file: pemFile('PEM file: private key of the client certificate'),
    state_interval_s: Type.Integer({
      default: 60,
      minimum: 5,
      maximum: 3600,
      description: 'how often `state` is published; it expires after three times as long',
    }),
    keepalive_s: Type.Integer({
      default: 30,
      minimum: 5,
      maximum: 600,
      description: 'the broker misses a silent station after one and a half times as long',
    }),
    will_delay_s: Type.Integer({
      default: 30,
      minimum: 1,
      maximum: 3600,
      description: 'a station that comes back sooner than this was never offline',
    }),
    homeassistant_discovery: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "announce the station to Home Assistant (retained messages under `homeassistant/`, which the broker's ACL must allow); switched off, they are taken back",
      }),
    ),
  },
  { additionalProperties: false },
)

export type MqttOptions = Static<typeof mqttOptions>

/** A `[mqtt]` section with a broker in it, as brokerMistake has accepted it. */
export type BrokerOptions = MqttOptions & { url: string; site: string }

export interface BrokerAddress {
  host: string
  port: number
  isEncrypted: boolean
}

const defaultPorts = { 'mqtts:': 8883, 'mqtt:': 1883 } as const

/** Whether the section names a broker: then brokerMistake has seen to the rest. */
export const hasBroker = (options: MqttOptions): options is BrokerOptions => options.url !== undefined

/** The parts of a broker's URL, or what is wrong with it (without repeating it: people put passwords into URLs). */
export function parseBrokerUrl(url: string): BrokerAddress | { mistake: string } {
  if (!URL.canParse(url)) return { mistake: 'is not a URL' }
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(url)
  if (protocol !== 'mqtts:' && protocol !== 'mqtt:') return { mistake: 'must start with mqtts:// or mqtt://' }
  if (username + password !== '')
    return { mistake: 'must not hold a user or a password: a certificate says who we are' }
  if (!['', '/'].includes(pathname) || search + hash !== '') return { mistake: 'must end with the host or the port' }
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') return { mistake: 'names no host' }
  const isEncrypted = protocol === 'mqtts:'
  const isLoopback = host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  if (!isEncrypted && !isLoopback)
    return { mistake: 'must be mqtts://, except for a loopback address (127.0.0.1, [::1])' }
  return { host, port: port === '' ? defaultPorts[protocol] : Number(port), isEncrypted }
}

/** What is wrong between the keys of the section; undefined when nothing is. */
export function brokerMistake(options: MqttOptions): { key: keyof MqttOptions; detail: string } | undefined {
  const { url, site, ca_file, certificate_file, key_file } = options
  if (url === undefined) return undefined
  const address = parseBrokerUrl(url)
  if ('mistake' in address) return { key: 'url', detail: address.mistake }
  if (site === undefined) return { key: 'site', detail: 'is missing' }
  const isComplete = ca_file !== undefined && certificate_file !== undefined && key_file !== undefined
  if (address.isEncrypted && !isComplete)
    return { key: 'url', detail: 'mqtts:// needs ca_file, certificate_file and key_file' }
  return undefined
}
