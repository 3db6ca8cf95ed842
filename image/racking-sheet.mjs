// The racking sheet for this version, on standard output: image/racking-sheet.html with the lights of hw/leds.json.
//   racking-sheet.mjs VERSION COMMIT
import { readFileSync } from 'node:fs'

const [version, commit] = process.argv.slice(2)
if (commit === undefined) throw new Error('usage: racking-sheet.mjs VERSION COMMIT')
const { patterns, states } = JSON.parse(readFileSync('hw/leds.json', 'utf8'))
const lights = states.map(({ green, red, vi, en }) => {
  const light = (name) => `<td>${patterns[name].vi}<br><span class="en">${patterns[name].en}</span>`
  return `  <tr>${light(green)}${light(red)}<td>${vi}<br><span class="en">${en}</span>`
})
const values = { VERSION: version, COMMIT: commit, LIGHTS: lights.join('\n') }
const page = readFileSync('image/racking-sheet.html', 'utf8')
process.stdout.write(page.replace(/@([A-Z]+)@/g, (_, name) => values[name]))
