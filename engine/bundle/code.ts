import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

/**
 * A bundle as `start.cjs` reads it: its source and the code that V8 makes of it, in one file, so that they never come
 * apart. Node's own compile cache holds no function that is compiled at its first call, which most are; with all of them
 * compiled a task needs a tenth to a fifth less of the processor. Another Node takes the source alone.
 */
export function withCompiledCode(bundle: string): Buffer {
  // As Node wraps a CommonJS module. It is ASCII, so that bytes and characters are the same.
  const source = Buffer.from(
    `(function (exports, require, module, __filename, __dirname) {${inAscii(bundle)}\n})`,
    'latin1',
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(source.length)
  return Buffer.concat([length, source, compiled(source.toString('latin1'))])
}

/** esbuild escapes what strings hold beyond ASCII, and leaves patterns as they are written: `/➛/`. */
function inAscii(bundle: string): string {
  return bundle.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Every function of it. V8 takes back only what was made under the flags it runs with, so they are set back before. */
function compiled(source: string): Buffer {
  setFlagsFromString('--no-lazy')
  const script = new Script(source)
  setFlagsFromString('--lazy')
  return script.createCachedData()
}
