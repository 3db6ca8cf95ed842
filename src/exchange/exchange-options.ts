// The sections `[exchange]` and `[trust]` of tram.toml: how long documents are tried and kept, what is refused, and
// whose certificates are believed. Composed by config.ts; intake, sealer, outbox, retention and directory live by it.
import Type, { type Static } from 'typebox'
import { defaultSecrecyMarks } from '../document/secrecy.ts'

/** No station tries a delivery for longer, so nobody waits longer for one. */
export const longestDeliveryDays = 365

/** `[exchange]`. */
export const exchangeOptions = Type.Object(
  {
    retention_days: Type.Integer({
      default: 30,
      minimum: 30,
      maximum: 36_500,
      description:
        'a packet is deleted so many days after its last receipt and `done`; not below 30, since peers that were ' +
        'restored ask again. Evidence of damage that was made good leaves the quarantine as late, and earlier what is ' +
        'more than max_packet_bytes. Waybills, seals, receipts and the audit log stay',
    }),
    delivery_days: Type.Integer({
      default: 30,
      minimum: 1,
      maximum: longestDeliveryDays,
      description: 'a delivery is tried for so many days, then it expires; also how long repeats are recognised',
    }),
    resend_after_hours: Type.Integer({
      default: 24,
      minimum: 1,
      maximum: 8760,
      description: 'the same submission again is a repeat before, and a deliberate re-send after so many hours',
    }),
    secrecy_marks: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      default: [...defaultSecrecyMarks],
      maxItems: 64,
      description:
        'words in capitals that mark a state secret; a packet that carries one is refused (Decision 28/2018, Art. 1.2)',
    }),
    max_batch: Type.Integer({
      default: 4096,
      minimum: 1,
      maximum: 65_536,
      description: 'most waybills and receipts under one signature of the token',
    }),
  },
  { additionalProperties: false },
)

export type ExchangeOptions = Static<typeof exchangeOptions>

const pemFiles = (description: string, minItems: number) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems, maxItems: 64, description })

/** `[trust]`. No certificate is built in: the site installs what it believes. */
export const trustOptions = Type.Object(
  {
    anchors: pemFiles('PEM files of the CA certificates that station certificates must chain to', 1),
    intermediates: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
      default: [],
      maxItems: 64,
      description: 'PEM files of CA certificates that help to find a path but are not trusted by themselves',
    }),
    authority_certificates: pemFiles('PEM files of the certificates that may sign the directory', 1),
    directory_file: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          'directory file that is imported at start when it is newer than the one in use: how a new station gets its ' +
          'first one. Later ones come from peers or `tram directory import`',
      }),
    ),
    authority_anchors: Type.Optional(
      pemFiles('PEM files of the CA certificates that these must chain to; without it, those of `anchors`', 1),
    ),
  },
  { additionalProperties: false },
)

export type TrustOptions = Static<typeof trustOptions>
