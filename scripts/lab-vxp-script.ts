// Writes a station's `vxp` script: one VXP call by openssl and curl, signed as docs/reference/vxp-http.md says. It shows
// newcomers how little a backend needs; the lab itself uses the kit of the tests.
import { writeFile } from 'node:fs/promises'
import { endpointOf } from './lab-folder.ts'
import type { LabStation } from './lab-keys.ts'
import { vxpScriptOf } from './lab-show.ts'

export async function writeVxpScript(station: LabStation): Promise<void> {
  const { systemid, secret } = station.backend
  const text = `#!/usr/bin/env bash
# One VXP call to ${station.id}, signed for its backend. Made by scripts/lab; needs curl and openssl.
#   vxp OPERATION [name=value ...]     vxp getReceivedEdocList servicetype=eDoc messagetype=edoc
set -eu
endpoint=${endpointOf(station)}
systemid=${systemid}
secret=${secret}
operation=$1
shift
names=""
json=""
headers=()
add() {
  names+="\${names:+;}$1"
  json+="\${json:+,}\\"XroadVnpt-$1\\":\\"$2\\""
  headers+=(-H "XroadVnpt-$1: $2")
}
add timestamp "$(TZ=UTC-7 date +%d%m%YT%H%M%S+0000)"
add systemid "$systemid"
for pair in "$@"; do add "\${pair%%=*}" "\${pair#*=}"; done
json="{$json}"
hash=$(printf %s "$json" | openssl dgst -sha256 -hmac "$secret" | sed 's/.* //')
exec curl -sS --compressed -X POST "\${headers[@]}" -H "XroadVnpt-sign-header-key: $names" \\
  -H "XroadVnpt-sign-header: $json" -H "XroadVnpt-hash-header: $hash" "$endpoint/$operation"
`
  await writeFile(vxpScriptOf(station), text, { mode: 0o700 })
}
