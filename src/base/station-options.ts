// The `[station]` section of tram.toml: who this station is and where its state lies. Composed by config.ts.
import Type, { type Static } from 'typebox'

export const stationOptions = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9-]{1,32}$',
      description: 'name of the station on the network, as in the directory: lower-case letters, digits and hyphens',
    }),
    name: Type.String({ minLength: 1, maxLength: 200, description: 'what people call the station' }),
    data_folder: Type.String({
      minLength: 1,
      maxLength: 4096,
      description: 'folder of all state: documents, receipts, audit log, sockets',
    }),
    generation: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 1_000_000,
      description: 'raised by one when the station is restored or replaced; counts once the directory lists it',
    }),
    log_level: Type.Union(
      [
        Type.Literal('trace'),
        Type.Literal('debug'),
        Type.Literal('info'),
        Type.Literal('warn'),
        Type.Literal('error'),
        Type.Literal('fatal'),
        Type.Literal('silent'),
      ],
      { default: 'info', description: 'least severe messages that are logged' },
    ),
  },
  { additionalProperties: false },
)

export type StationOptions = Static<typeof stationOptions>
