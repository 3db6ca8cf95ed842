// Gives the box the network of its configuration: writes what networkd, chrony and the resolver read, loads the packet filter, and has
// each of them read it. Run as root by tram-network.service, at boot and after each change; nothing is kept but below /run.
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asTramError, TramError } from '../../base/errors.ts'
import { firewallRules, type Listener, type Side } from './firewall.ts'
import { chronySources, kernelName, networkdFiles, resolverFile } from './network-files.ts'
import type { InterfaceOptions, NetworkOptions } from './network-options.ts'

export interface NetworkPlan {
  hostname: string
  network: NetworkOptions
  interfaces: readonly InterfaceOptions[]
  listeners: readonly Listener[]
}

/** Runs a program; its output. @throws TramError COMMAND_FAILED */
export type NetworkProgram = (argv: readonly [string, ...string[]], wish?: { input?: string }) => Promise<string>

export interface NetworkPlaces {
  /** `/run`. */
  run: string
  /** `/sys`. */
  sys: string
}

/** The rules alone, checked by nft without being loaded. @throws TramError COMMAND_FAILED */
export async function checkNetwork(plan: NetworkPlan, run: NetworkProgram): Promise<void> {
  // What an interface by its MAC address is called changes nothing of whether the rules are rules.
  const sides = sidesOf(plan.interfaces, () => 'eth0')
  await run(['nft', '--check', '--file', '-'], { input: firewallRules(sides, plan.listeners) })
}

/**
 * Gives the box the network of `plan`. All is tried, whatever fails: a time server that cannot be told of costs no address.
 * @returns interfaces that are not there (yet)
 * @throws TramError COMMAND_FAILED, STORE_FAILED: the first failure, after the rest was done
 */
export async function applyNetwork(plan: NetworkPlan, places: NetworkPlaces, run: NetworkProgram): Promise<string[]> {
  const { hostname, network, interfaces, listeners } = plan
  const names = await namesByMac(places.sys)
  const missing: string[] = []
  const sides = sidesOf(interfaces, (one) => {
    const name = kernelName(one, names)
    if (name === undefined) missing.push(one.mac ?? '')
    return name
  })
  const failures: unknown[] = []
  const attempt = async (act: () => Promise<unknown>): Promise<void> => {
    await act().catch((error: unknown) => failures.push(error))
  }
  // The filter first: no address without it.
  await run(['nft', '--file', '-'], { input: firewallRules(sides, listeners) })
  await attempt(() => run(['hostname', hostname]))
  await attempt(() => writeText(join(places.run, 'tram-network/resolv.conf'), resolverFile(network)))
  await attempt(() => writeText(join(places.run, 'chrony-dhcp/tram.sources'), chronySources(network)))
  await attempt(() => replaceFolder(join(places.run, 'systemd/network'), networkdFiles(interfaces)))
  // VLANs that are no longer wanted stay as devices otherwise.
  await attempt(() => removeOldVlans(places.sys, interfaces, run))
  // At boot neither runs yet, and reads its files when it starts.
  if (await isRunning('systemd-networkd.service', run)) await attempt(() => run(['networkctl', 'reload']))
  if (await isRunning('chrony.service', run)) await attempt(() => run(['chronyc', 'reload', 'sources']))
  if (failures.length > 0) throw asTramError(failures[0])
  return missing
}

const isRunning = (unit: string, run: NetworkProgram): Promise<boolean> =>
  run(['systemctl', 'is-active', '--quiet', unit]).then(
    () => true,
    () => false,
  )

function sidesOf(
  interfaces: readonly InterfaceOptions[],
  nameOf: (one: InterfaceOptions) => string | undefined,
): Side[] {
  return interfaces.flatMap((one) => {
    const device = nameOf(one)
    return device === undefined ? [] : [{ side: one.side, device, isDhcp: one.addresses.length === 0 }]
  })
}

/** Names of the interfaces that are no VLANs, by MAC address. */
async function namesByMac(sys: string): Promise<Map<string, string>> {
  const folder = join(sys, 'class/net')
  const names = new Map<string, string>()
  for (const name of await readdir(folder)) {
    if (/^(lo$|vlan)/.test(name)) continue
    const mac = await readFile(join(folder, name, 'address'), 'utf8').catch(() => '')
    names.set(mac.trim(), name)
  }
  return names
}

async function removeOldVlans(
  sys: string,
  interfaces: readonly InterfaceOptions[],
  run: NetworkProgram,
): Promise<void> {
  const wanted = interfaces.map(({ vlan }) => `vlan${vlan ?? ''}`)
  for (const name of await readdir(join(sys, 'class/net')))
    if (/^vlan\d+$/.test(name) && !wanted.includes(name)) await run(['ip', 'link', 'delete', 'dev', name])
}

/** The files of ours in `folder` become these; others stay. */
async function replaceFolder(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await makeFolder(folder)
  for (const name of await readdir(folder))
    if (/^10-tram-/.test(name) && !files.has(name)) await rm(join(folder, name), { force: true })
  for (const [name, text] of files) await writeText(join(folder, name), text)
}

/** Makes the folder if it is missing; who runs here may look into it, whatever the mask of the service is. */
async function makeFolder(path: string): Promise<void> {
  if ((await mkdir(path, { recursive: true })) !== undefined) await chmod(path, 0o755)
}

/** Whole or not at all, readable by all: networkd and chrony are users of their own. Below /run nothing outlives a power cut. */
async function writeText(path: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(path))
    const temporary = `${path}.new`
    await using handle = await open(temporary, 'w', 0o644)
    await handle.writeFile(text)
    await chmod(temporary, 0o644)
    await rename(temporary, path)
  } catch (error) {
    throw new TramError('STORE_FAILED', { detail: `${path}: ${asTramError(error).message}` }, { cause: error })
  }
}
