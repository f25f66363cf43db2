// Stands beside each bundle in dist/tasks under the task's name: `receive.cjs` starts what `receive.code` holds.
const { readFileSync } = require('node:fs')
const { Script } = require('node:vm')

// The length of the source, the source, and what V8 made of it; see engine/bundle/code.ts.
const filename = __filename.replace(/\.cjs$/, '.code')
const code = readFileSync(filename)
const end = 4 + code.readUInt32LE()
const script = new Script(code.toString('latin1', 4, end), { filename, cachedData: code.subarray(end) })
script.runInThisContext()(exports, require, module, __filename, __dirname)
