// The `[token]` section of tram.toml: which token, key and PIN. Read by the signer (signer-main.ts) and, for
// `chain_files` and `start_signer`, by the station. Relative paths are relative to the file.
import Type, { type Static } from 'typebox'

/** `[token]`. */
export const tokenOptions = Type.Object(
  {
    module: Type.String({
      minLength: 1,
      maxLength: 4096,
      description: 'path of the PKCS#11 library of the token',
    }),
    label: Type.String({
      minLength: 1,
      maxLength: 32,
      description: 'label of the token, as `pkcs11-tool --list-slots` prints it',
    }),
    serial: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 16,
        description: 'serial number of the token, when several share the label',
      }),
    ),
    key_id: Type.String({
      pattern: '^([0-9A-Fa-f]{2}){1,64}$',
      description: 'CKA_ID of the private key and of its certificate, in hex',
    }),
    pin_file: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'file that holds the PIN; without it a person enters the PIN after every start',
      }),
    ),
    folder: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          "folder of the signer's socket and PIN state when the signer runs as a user of its own, as systemd starts it: closed to the station but for the socket, which the signer's group may use; without it they lie in `data_folder`",
      }),
    ),
    sessions: Type.Integer({
      minimum: 1,
      maximum: 16,
      default: 2,
      description: 'sessions that sign at the same time: 1 for cards, 2 to 4 for an HSM',
    }),
    rsa_pss: Type.Boolean({
      default: false,
      description: 'sign with RSA-PSS instead of PKCS#1 v1.5; an EC key does not care',
    }),
    chain_files: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
      maxItems: 8,
      default: [],
      description: 'PEM files of the intermediate certificates that seals carry',
    }),
    start_signer: Type.Boolean({
      default: false,
      description: 'the station starts the signer itself; on an appliance systemd does',
    }),
  },
  { additionalProperties: false },
)

export type TokenOptions = Static<typeof tokenOptions>

/** What the signer reads of `[station]`: the data folder. Everything else there is the station's. */
export const signerStationOptions = Type.Object(
  { data_folder: Type.String({ minLength: 1, maxLength: 4096, description: 'folder of all state' }) },
  { additionalProperties: Type.Unknown() },
)
