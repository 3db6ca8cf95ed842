// Bundles the programs with esbuild: dist/tram.mjs (station and command line), dist/tram-signer.mjs, dist/tram-box.mjs,
// dist/tram-inventory.mjs.
// `npm run build`. Started from the bundles, the station is up in half the time that single modules take
// (docs/reference/stack.md). Native packages stay outside; they are loaded from node_modules.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** No program that is started from here runs longer without having loaded what it needs. */
const staleMs = 24 * 3_600_000

/** Program name and its entry. */
const programs = {
  tram: 'src/main.ts',
  'tram-signer': 'src/equipment/token/signer-main.ts',
  'tram-box': 'src/box-main.ts',
  'tram-inventory': 'src/equipment/host/systeminformation-inventory.ts',
}

/**
 * `import` of Node's http evaluates its getters, of which one loads undici: 50 ms and 10 MB for every station and command.
 * `require` evaluates none.
 */
const requiredHttp = {
  name: 'required-http',
  setup({ onResolve, onLoad }) {
    const filter = /^(node:)?http$/
    onResolve({ filter }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'required' } : undefined,
    )
    onLoad({ filter, namespace: 'required' }, () => ({ contents: "module.exports = require('node:http')" }))
  },
}

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: programs,
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // What a program loads only when it needs it stays out of its memory: the source of MQTT, TLS and the doctor is a third of it all.
  splitting: true,
  chunkNames: 'chunk-[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  plugins: [requiredHttp],
  external: ['classic-level', 'pkcs11js', '@serialport/bindings-cpp'],
  // CommonJS packages inside an ESM bundle call require for Node's own modules.
  banner: {
    js: "import { createRequire as tramCreateRequire } from 'node:module'\nconst require = tramCreateRequire(import.meta.url)",
  },
  sourcemap: true,
  // V8 holds the source as long as the process lives. Names stay as they are; comments and indentation need not.
  minifyWhitespace: true,
  lineLimit: 160,
  write: false,
  logLevel: 'warning',
})

// Renamed into place, so that a program that starts meanwhile sees the old bundle or the new one, never half of one.
// The maps go first: a bundle is newer than all that belongs to it.
mkdirSync(join(root, 'dist'), { recursive: true })
for (const { path, text } of outputFiles.sort((left, right) => right.path.length - left.path.length)) {
  const temporary = `${path}.${process.pid}`
  const contents = Buffer.from(path.endsWith('.map') ? text : asciiOnly(text))
  writeFileSync(temporary, contents)
  renameSync(temporary, path)
  if (!path.endsWith('.map') && !basename(path).startsWith('chunk-'))
    console.log(`dist/${basename(path)}  ${Math.round(contents.byteLength / 1024)} KiB`)
}

// A program that was started from the bundle before may still load its chunks, whose names tell their contents.
const current = new Set(outputFiles.map(({ path }) => basename(path)))
for (const name of readdirSync(join(root, 'dist'))) {
  const file = join(root, 'dist', name)
  if (!current.has(name) && statSync(file).mtimeMs < Date.now() - staleMs) rmSync(file)
}

/**
 * `source` without a character that is not ASCII: with a single one, V8 would hold all of it at two bytes a character. esbuild
 * escapes them in strings and leaves them in regular expressions, where the same escape works.
 */
function asciiOnly(source) {
  return source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
