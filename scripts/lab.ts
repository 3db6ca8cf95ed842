// scripts/lab: makes (or finds) the lab below .lab/ and says where everything is.
import { join } from 'node:path'
import { makeLab } from './lab-keys.ts'

const root = join(import.meta.dirname, '..')
const lab = await makeLab(join(root, '.lab'), [
  { id: 'van-phong-chinh-phu', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
  { id: 'ubnd-ha-noi', name: 'UBND thành phố Hà Nội', agencyCodes: ['H26', 'H26.1'] },
  { id: 'ubnd-da-nang', name: 'UBND thành phố Đà Nẵng', agencyCodes: ['H17'] },
])
console.log(`anchors    ${lab.rootFile}`)
console.log(`authority  ${lab.authority.certificateFile}`)
for (const { id, configFile, host, linkPort, vxpPort, agencyCodes } of lab.stations)
  console.log(
    `${id}  ${agencyCodes.join(' ')}  link ${host}:${linkPort}  VXP http://${host}:${vxpPort}/  ${configFile}`,
  )
