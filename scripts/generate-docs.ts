// `npm run generate:docs`: writes the pages of docs/ that are made from the sources (generated-pages.ts).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedPages } from './generated-pages.ts'

for (const [path, text] of await generatedPages()) writeFileSync(join(import.meta.dirname, '..', path), text)
