// Which source files may import which npm package, and why. A dependency that is on neither list is refused.

/** Packages that touch the outside: only files with the prefix, in equipment/, import them (rule 3). */
export const adapterPackages: Readonly<Record<string, readonly string[]>> = {
  'pkcs11-': ['pkcs11js'],
  'libp2p-': ['libp2p', '@libp2p/', '@multiformats/', 'uint8arraylist'],
  'level-': ['level', 'classic-level'],
  'mqtt-': ['mqtt'],
  'serialport-': ['serialport', '@serialport/'],
  'systeminformation-': ['systeminformation'],
}

export interface PurePackage {
  /** Path prefixes or endings (`*-options.ts`) from the root of the files that may import it. */
  where: readonly string[]
  reason: string
}

/** Packages without an outside of their own, and the storeys that may use each. */
export const purePackages: Readonly<Record<string, PurePackage>> = {
  pino: { where: ['src/base/logger.ts'], reason: 'everybody else logs through base/logger' },
  typebox: {
    where: ['src/base/', '*-options.ts', 'src/surface/rest/', 'src/config.ts'],
    reason: 'schemas of the configuration and of the REST API; what comes over a wire is parsed by hand or by protobuf',
  },
  'smol-toml': { where: ['src/base/options.ts'], reason: 'there is one configuration file and one reader of it' },
  saxes: { where: ['src/document/'], reason: 'one XML parser, used by the edXML rules alone' },
  'protons-runtime': {
    where: ['src/document/schema/', 'src/equipment/link/schema/', 'src/exchange/schema/'],
    reason: 'generated protobuf code only',
  },
  uint8arraylist: {
    where: ['src/document/schema/', 'src/equipment/link/schema/', 'src/exchange/schema/'],
    reason: 'generated protobuf code names its type',
  },
  uint8arrays: {
    where: ['src/document/schema/', 'src/equipment/link/schema/', 'src/exchange/schema/'],
    reason: 'generated protobuf code allocates with it',
  },
  '@fastify/busboy': { where: ['src/surface/vxp/'], reason: 'multipart bodies of some VXP kits' },
  fastify: { where: ['src/surface/rest/', 'src/surface/vxp/'], reason: 'HTTP is known in surface/ only' },
  '@fastify/ajv-compiler': {
    where: ['src/surface/rest/'],
    reason: 'what fastify checks requests with, put off until one comes',
  },
  '@fastify/fast-json-stringify-compiler': { where: ['src/surface/rest/'], reason: 'the same for its answers' },
  '@fastify/swagger': { where: ['src/surface/rest/'], reason: 'OpenAPI of the REST API' },
  commander: { where: ['src/surface/cli/', 'src/main.ts'], reason: 'the command line' },
  'csv-parse': { where: ['src/document/agency-list.ts'], reason: 'one list of agencies, read in one place; pure' },
  'age-encryption': { where: ['src/exchange/backup/age-stream.ts'], reason: 'seals and opens backups, nothing else' },
  'tar-stream': { where: ['src/exchange/backup/tar-stream.ts'], reason: 'what a backup is made of inside' },
  yazl: {
    where: ['src/exchange/', 'src/surface/doctor/'],
    reason: 'writes exported archives; does I/O, so not in document/',
  },
  yauzl: { where: ['src/surface/', 'src/exchange/'], reason: 'reads exported archives; does I/O, so not in document/' },
}
