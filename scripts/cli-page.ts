// docs/cli.md: what `tram --help` says of every command, in both languages, and the exit codes. Made with generated-pages.ts.
import type { Command } from 'commander'
import type { Language } from '../src/base/text-format.ts'
import { exitCodes } from '../src/surface/cli/cli-context.ts'
import { createProgram } from '../src/surface/cli/cli-program.ts'
import { checkNames } from '../src/surface/doctor/doctor-report.ts'

const exitTexts: Record<keyof typeof exitCodes, string> = {
  ok: 'done; for `health`, `doctor` and `fleet --once`: all is well',
  failed:
    'refused or failed: the text names the condition; for `health`: something needs somebody now; for `doctor`: a check failed; for `fleet --once`: a station has failed, is offline or silent, or the broker cannot be read',
  usage: 'the command line, or a value in it, is not one that the command takes',
  notRunning: 'the station is not running, or its socket may not be opened',
  notVerified: 'evidence or the audit log does not verify',
  degraded:
    'for `health`: works, but somebody should look today or this week; for `doctor`: warnings only; for `fleet --once`: a station is degraded, or there is none',
  interrupted: 'stopped by a signal',
}

/** The page. */
export function cliPage(): string {
  const codes = Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${exitTexts[name as keyof typeof exitCodes]} |`,
  )
  return `<!-- Made by \`npm run generate:docs\`; do not edit. -->

# Command line: \`tram\`

A client of the station's API ([openapi.json](openapi.json)) over the Unix socket \`api.sock\` in its data folder; the
configuration says where that is. \`fleet\` reads an MQTT broker instead. \`run\`, \`verify\`, \`descriptor\`, \`directory build\`, \`directory show FILE\` and \`doctor\` need no
running station. Without \`--config\`: \`$TRAM_CONFIG\`, else \`./tram.toml\`, else \`/etc/tram/tram.toml\`. \`--json\` prints what the API
answered. Standard output is the answer; mistakes and what to do about them go to standard error.

| exit code | meaning |
|---|---|
${codes.join('\n')}

\`tram pin\` reads the PIN without echo from a terminal, or the first line of its standard input.

## Examining a station

\`tram doctor\` works with the station up or down: up, it also asks the station; down, it looks for itself. It writes nothing, opens
no store and never tries a PIN. Each line is a check that passed, warns, failed, or does not apply (\`-\`); each trouble has the code
of [conditions.md](conditions.md) and what to do. \`critical\` and \`error\` fail, \`warning\` warns. A station that is down fails.
\`--network\` also calls up to eight other stations of the directory. \`--json\` prints, with this shape in all later versions:

\`\`\`json
{
  "format": 1,
  "station": "so-noi-vu",
  "version": "0.1.0",
  "at": 1795363200000,
  "overall": "degraded",
  "checks": [
    {
      "check": "disk",
      "state": "pass",
      "code": null,
      "vi": "…",
      "en": "…",
      "todoVi": "",
      "todoEn": "",
      "data": { "freeBytes": 1000000000 }
    }
  ]
}
\`\`\`

\`station\` is null when the configuration does not say; \`at\` is in ms since 1970; \`overall\` is \`ok\`, \`degraded\` or \`failed\`; \`state\` is
\`pass\`, \`warn\`, \`fail\` or \`absent\`. A check may have several lines. Checks: ${Object.keys(checkNames)
    .map((name) => `\`${name}\``)
    .join(', ')}
(the last two: self-test only).

\`tram selftest\` adds two deeds and prints a page to sign: 16 MiB written, synced and read in the data folder, and a signature by the
token, over a statement that can be taken for no seal. It asks the signer itself, so it needs the rights of the station's user.

\`tram support-bundle\` packs the doctor's codes, health, configuration, the end of log and audit log, counts, versions and facts of the
box, with a \`manifest.json\` of digests. Texts go in only where their kind is known: no secret, no PIN, no document, no subject, no
file name. What cannot be collected is named in the manifest.

## All stations at a broker

\`tram fleet\` reads what stations report under \`tram/v1/\` ([metrics.md](metrics.md), [the broker](monitoring/mosquitto/README.md)),
changes nothing, and needs no station and no configuration. Worst first: failed, offline (the broker misses it), silent (no state for
three intervals, whatever the broker says), degraded, ok; then the worst condition, then who has been so longest. Conditions that were
raised before it started are known by their number only, until the station raises one again.

    tram fleet --broker mqtts://mqtt.tinh.gov.vn:8884 --ca ca.pem --user operator
    tram fleet --broker mqtts://mqtt.tinh.gov.vn:8884 --ca ca.pem --user operator --password-file pw --once --json

Waiting documents are shown as the most urgent of them and how long it has waited: HT hỏa tốc, TK thượng khẩn, K khẩn, T thường.
\`--once --json\` prints one object: \`format\` (1), \`at\`, \`broker\`, \`overall\`, \`evicted\` (stations beyond 20,000), and \`stations\`, a
list. \`--json\` alone prints a line for each change, twice a second at most: \`type\` is \`station\` (with the same keys as in the list),
\`gone\` (\`site\`, \`station\`), or \`connection\` (\`isConnected\`, \`detail\`). Times are in ms since 1970. The broker must let as many
messages wait for a reader as there are stations (mosquitto: \`max_queued_messages\`; ours has 10,000), or the reader is not told of some
until they report again.

## Tiếng Việt

${helpTexts('vi')}
## English

${helpTexts('en')}`
}

/** Help of the program and of every command in it. */
function helpTexts(language: Language): string {
  const nowhere = { write: () => true }
  const terminal = { stdout: nowhere, stderr: nowhere, stdin: process.stdin }
  const program = createProgram(language, { terminal }, async () => undefined)
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)]
  const texts = all(program).map((command) => {
    // The width of a page, whatever the terminal is that this runs in.
    command.configureHelp({ ...program.configureHelp(), helpWidth: 100 })
    return `\`\`\`text\n${command.helpInformation()}\`\`\`\n`
  })
  return texts.join('\n')
}
