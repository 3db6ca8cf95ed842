// The network as a technician sees it: interfaces, link and addresses, from the kernel. What a driver says in /sys is not ours:
// reads are bounded, and only what looks right is shown. Used by the service console.
import { open, readdir } from 'node:fs/promises'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { columns, type Language, type Text } from '../../base/text-format.ts'

/** More interfaces than this are containers' or an attack. */
const maxInterfaces = 32

const up: Text = { vi: 'có tín hiệu', en: 'link' }
const down: Text = { vi: 'KHÔNG tín hiệu', en: 'NO link' }
const none: Text = { vi: 'không có địa chỉ', en: 'no address' }
const noInterfaces: Text = { vi: 'Không thấy cổng mạng nào.', en: 'There is no network interface.' }

/**
 * A line for each interface but the loopback: name, link, speed, MAC and addresses.
 * @param sysfsRoot `/sys`, or a tree like it
 * @param addresses as node:os tells them
 * @throws the system's error when there is no such tree
 */
export async function networkText(
  language: Language,
  sysfsRoot: string,
  addresses: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): Promise<string> {
  const rows: string[][] = []
  // Only /sys lists those without an address as well.
  const names = (await readdir(join(sysfsRoot, 'class/net'))).filter((name) => name !== 'lo').sort()
  for (const name of names.slice(0, maxInterfaces)) {
    const folder = join(sysfsRoot, 'class/net', name)
    const state = await firstLine(join(folder, 'operstate'))
    const speed = Number(await firstLine(join(folder, 'speed')))
    const known = addresses[name] ?? []
    const mac = known[0]?.mac ?? (await firstLine(join(folder, 'address')))
    const link = state === 'up' ? up : down
    const listed = known.map(({ cidr, address }) => cidr ?? address)
    // A line that is down says -1, a virtual one nothing or nonsense.
    const pace = Number.isInteger(speed) && speed > 0 && speed < 1_000_000 ? ` ${speed} Mb/s` : ''
    rows.push([name, `${link[language]}${pace}`, mac, listed.length === 0 ? none[language] : listed.join(' ')])
  }
  return rows.length === 0 ? noInterfaces[language] : columns(rows)
}

/** The first line of a small file, or nothing when it cannot be read: an interface may go at any moment. */
async function firstLine(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0)
    return buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0]?.trim() ?? ''
  } catch {
    return ''
  }
}
