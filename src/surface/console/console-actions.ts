// What the service console can do, as functions: src/console.ts hands in what this box has, and an entry whose function is absent
// is not in the menu. Reports come as text for people; nothing in them may tell of a document.
import type { Language } from '../../base/text-format.ts'
import type { HealthReport, TokenHealth } from '../../exchange/health/station-health.ts'

/** What the technician may set. */
export interface StationSettings {
  name: string
  backends: readonly BackendCodes[]
}

export interface BackendCodes {
  systemid: string
  agencies: readonly string[]
}

/** What is to change; absent: stays. */
export interface SettingsChange {
  name?: string
  /** All codes of one backend, instead of those it has. */
  codes?: { backend: number; agencies: readonly string[] }
}

/** An interface of the box, as tram.toml has it. */
export interface InterfaceSettings {
  /** Its name or MAC address, with side and VLAN. */
  name: string
  /** With prefix length; none: DHCP. */
  addresses: readonly string[]
  gateway?: string
}

export interface AddressChange {
  /** Index among the interfaces. */
  interface: number
  addresses: readonly string[]
  gateway?: string
}

/** What the root program of an appliance does. Errors are those that it tells of, and BOX_AGENT_UNREACHABLE. */
export interface BoxActions {
  /** The actions that it offers; none on a plain machine. Never throws but for `signal`. */
  offers(signal: AbortSignal): Promise<readonly string[]>
  restartStation(signal: AbortSignal): Promise<void>
  /** @throws TramError CONFIG_INVALID */
  interfaces(): Promise<readonly InterfaceSettings[]>
  /** On trial when it resolves; taken back by itself after two minutes. @throws TramError CONFIG_INVALID */
  tryAddress(change: AddressChange, signal: AbortSignal): Promise<void>
  keepNetwork(signal: AbortSignal): Promise<void>
  dropNetwork(signal: AbortSignal): Promise<void>
  updateStatus(language: Language, signal: AbortSignal): Promise<{ text: string; isBackPossible: boolean }>
  /** Makes the version before the one of the next start, which is asked for. */
  goBack(signal: AbortSignal): Promise<void>
}

/** Who this is, for comparing with the directory or a paper. */
export interface Fingerprints {
  version: string
  station: string
  /** Null when the station has none yet. */
  fingerprint: string | null
  peerId: string | null
  /** SHA-256 of the token's certificate, hex; null when nobody can tell just now. */
  certificateSha256: string | null
}

export interface SavedBundle {
  file: string
  sizeBytes: number
  sha256: string
}

export interface ConsoleActions {
  /** The station's fingerprint as far as it is known, for the greeting, which waits for nothing. */
  fingerprint?(): string | undefined
  /** The station's id and name, for the head of the menu. */
  title(): Promise<string>
  /** @throws TramError STATION_NOT_RUNNING */
  health(signal: AbortSignal): Promise<HealthReport>
  network(language: Language): Promise<string>
  fingerprints(signal: AbortSignal): Promise<Fingerprints>
  doctor?: (language: Language, signal: AbortSignal) => Promise<string>
  selftest?: (language: Language, signal: AbortSignal) => Promise<string>
  stick?: {
    /** Saves a support bundle to it; on its flash when it resolves. @throws TramError STICK_UNUSABLE */
    saveBundle(signal: AbortSignal): Promise<SavedBundle>
    /** Unmounts it, where that is the console's to do. @throws TramError COMMAND_FAILED */
    release(signal: AbortSignal): Promise<void>
  }
  lights?: {
    /** Whether the station has some just now. Never throws. */
    areThere(signal: AbortSignal): Promise<boolean>
    /** Blinks for so many seconds; resolves when it has begun. @throws TramError LIGHTS_ABSENT, STATION_NOT_RUNNING */
    identify(seconds: number, signal: AbortSignal): Promise<void>
  }
  /** One login is tried. @throws TramError TOKEN_*, SIGNER_UNREACHABLE, STATION_NOT_RUNNING */
  enterPin(pin: string, signal: AbortSignal): Promise<TokenHealth>
  settings?: {
    /** @throws TramError CONFIG_INVALID */
    read(): Promise<StationSettings>
    /** Durable when it resolves; counts after a restart. @throws TramError CONFIG_INVALID, STORE_FAILED, DISK_FULL */
    change(change: SettingsChange): Promise<void>
  }
  box?: BoxActions
  /** Restarts the station's service; where it is absent, `box` may. */
  restart?: (signal: AbortSignal) => Promise<void>
}
