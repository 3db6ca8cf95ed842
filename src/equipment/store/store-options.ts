// The section [store] of the configuration: limits of packets and of the disk. Composed by config.ts.
import Type, { type Static } from 'typebox'

const mebibyte = 1024 * 1024

export const storeOptions = Type.Object(
  {
    max_packet_bytes: Type.Integer({
      minimum: 64 * 1024,
      maximum: 8 * 1024 * mebibyte,
      default: 2 * 1024 * mebibyte,
      description: 'Largest packet that is taken from a backend or a station, in bytes.',
    }),
    watermark_bytes: Type.Integer({
      minimum: 64 * mebibyte,
      default: 1024 * mebibyte,
      description: 'Documents are taken only while so many bytes stay free on the disk.',
    }),
    ballast_bytes: Type.Integer({
      minimum: 128 * mebibyte,
      default: 128 * mebibyte,
      description: 'Size of a file that is given up when the disk is full, so that the store can recover, in bytes.',
    }),
    scrub_hours: Type.Integer({
      minimum: 1,
      maximum: 720,
      default: 24,
      description:
        'Hours between two readings of all that is kept, which find damage while the sender still has the document.',
    }),
    status_reserve_bytes: Type.Integer({
      minimum: 0,
      default: 32 * mebibyte,
      description:
        'How many bytes below watermark_bytes processing statuses may still use. Keep it below watermark_bytes.',
    }),
  },
  { additionalProperties: false },
)

export type StoreOptions = Static<typeof storeOptions>
