// What the configuration says about the VXP interface: the section [vxp] and the backends ([[backend]]) that may call
// it. config.ts composes these schemas; vxp-server.ts and vxp-backends.ts read the values.
import Type, { type Static } from 'typebox'
import { listenPattern } from '../../base/tcp-listen.ts'
import { defaultMinBytesPerSecond } from '../../base/upload-pace.ts'

/** The section `[vxp]`. Without both https files the interface speaks plain HTTP. */
export const vxpOptions = Type.Object(
  {
    listen: Type.String({
      default: '127.0.0.1:8080',
      pattern: listenPattern,
      description: 'host:port that backends connect to; port 0 takes a free one',
    }),
    window_hours: Type.Number({
      default: 24,
      exclusiveMinimum: 0,
      maximum: 8784,
      description:
        'how far a request timestamp may be from our clock, each way; kits keep one timestamp for as long as they run',
    }),
    https_certificate_file: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM file: server certificate, then its intermediates' }),
    ),
    https_key_file: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM file: private key of the certificate' }),
    ),
    max_concurrent: Type.Integer({
      default: 64,
      minimum: 1,
      maximum: 4096,
      description: 'requests served at a time; one backend alone has at most seven eighths of them',
    }),
    max_body_mib: Type.Integer({
      default: 600,
      minimum: 1,
      maximum: 16384,
      description: 'largest request body, MiB; multipart and base64 overhead included',
    }),
    idle_seconds: Type.Number({
      default: 60,
      exclusiveMinimum: 0,
      maximum: 3600,
      description: 'a body or an answer that stands still for so long is given up; slow but moving ones are not',
    }),
    min_bytes_per_second: Type.Integer({
      default: defaultMinBytesPerSecond,
      minimum: 1,
      maximum: 1024 * 1024,
      description: 'a body that comes slower than this on average is given up when it lags idle_seconds behind',
    }),
  },
  { additionalProperties: false },
)

/** The list `[[backend]]`: who may call, for which agencies, from where. */
export const backendOptions = Type.Array(
  Type.Object(
    {
      systemid: Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$', description: 'as the client kit sends it' }),
      secret: Type.Optional(Type.String({ minLength: 1, description: 'HMAC key, used as its UTF-8 bytes' })),
      secret_file: Type.Optional(
        Type.String({ minLength: 1, description: 'file that holds the secret; one final line end is not part of it' }),
      ),
      agencies: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        description: 'codes that it sends for and whose inbox it sees',
      }),
      addresses: Type.Array(Type.String({ minLength: 2, maxLength: 64 }), {
        default: [],
        description: 'source addresses or CIDRs that it may call from; empty = loopback only',
      }),
      register_addresses: Type.Array(Type.String({ minLength: 2, maxLength: 64 }), {
        default: [],
        description:
          'source addresses or CIDRs from which it may register agencies over plain HTTP: nothing binds the body of ' +
          'registerAgency to its signature; HTTPS and loopback always may',
      }),
    },
    { additionalProperties: false },
  ),
  { default: [] },
)

export type BackendOptions = Static<typeof backendOptions>

/** Options of the VxpServer: its section and the backends. */
export type VxpOptions = Static<typeof vxpOptions> & { backends: BackendOptions }
