// tram.toml: parsed by schema; every refusal names a line that the file has.
import { parse } from 'smol-toml'
import { TramError } from '../../../src/base/errors.ts'
import { locateTomlKeys } from '../../../src/base/toml-lines.ts'
import { parseConfig } from '../../../src/config.ts'
import { textMutators } from '../format-mutators.ts'
import { FuzzComplaint, type FuzzTarget } from '../fuzz-target.ts'

const config = `# Trạm
[station]
id = "so-noi-vu"
name = "Sở Nội vụ"
data_folder = "/var/lib/tram"

[token]
module = "/usr/lib/softhsm/libsofthsm2.so"
label = 'so-noi-vu'
key_id = "01"
pin_file = "/etc/tram/pin"            # without it a person enters the PIN after every start

[trust]
anchors = ["pki/root.pem"]
intermediates = [ # one
  "pki/sub-ca.pem",
]
authority_certificates = ["pki/authority.pem"]

[link]
listen = ["/ip4/0.0.0.0/tcp/4101"]

[vxp]
listen = "127.0.0.1:8080"

[[backend]]
systemid = "qlvb-so-noi-vu"
secret = """bí
mật"""
agencies = ["H01.02"]
[[backend]]
systemid = 'hai'
secret_file = "\\u0041x"
agencies = ["H02"]

[store]
watermark_bytes = 1_000_000_000
status_reserve_bytes = 0x100
`

const odd = `a.b."c d".e = { x = 1, y = [ { z = 1.5e3 }, { z = inf } ] }
'q' = 1979-05-27T07:32:00Z
[[a.l]]
k = '''x
y'''''
[[a.l]]
[a.l.m]
"\\t" = [[1, 2], ["]", "#", '}'],]
`

export const target: FuzzTarget = {
  name: 'toml',
  runsInTest: 300,
  open: async () => ({
    seeds: [Buffer.from(config), Buffer.from(odd)],
    mutators: textMutators,
    check(input) {
      const text = new TextDecoder().decode(input)
      const lines = text.split('\n').length
      if (isToml(text)) {
        const { lineOf } = locateTomlKeys(text)
        if (typeof lineOf !== 'function') throw new FuzzComplaint('no lines')
      }
      try {
        parseConfig(text, '/etc/tram/tram.toml')
      } catch (error) {
        const line = error instanceof TramError ? Number(error.data.line) : 1
        if (!(line >= 1 && line <= lines)) throw new FuzzComplaint(`line ${line} of ${lines}: ${String(error)}`)
        throw error
      }
    },
  }),
}

function isToml(text: string): boolean {
  try {
    parse(text, { maxDepth: 32 })
    return true
  } catch {
    return false
  }
}
