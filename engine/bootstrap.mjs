// Plain JavaScript for any Node from 20 on: installs the npm packages when they are missing or changed, among them the
// Node that the project itself runs on, and hands over to it. Usage: node engine/bootstrap.mjs COMMAND [ARGUMENT…]
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = join(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(home, 'node_modules')
const ownNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const stamp = join(modules, '.installed')
const [command, ...rest] = process.argv.slice(2)

if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node 20 or newer is needed to start; this is ${process.version}.`)
if (!command || !/^[a-z-]+$/.test(command)) fail('Usage: node engine/bootstrap.mjs COMMAND [ARGUMENT…]')
install()
run()

function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(home, 'package-lock.json')))
    .digest('hex')
  if (existsSync(ownNode) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  process.stderr.write('Installing npm packages (once; about half a minute) …\n')
  // engine-strict is off: npm may run on an older Node than the packages are for; nothing of them runs on that one.
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--engine-strict=false', '--loglevel=error'], {
    cwd: home,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  })
  if (npm.error) fail(`npm could not be started: ${npm.error.message}. Install npm and run this again.`)
  if (npm.status !== 0) fail('npm ci failed; the reason stands above. Run this again when it is mended.')
  if (!existsSync(ownNode)) {
    // Some npm versions skip install scripts, and the one of the package `node` brings the program itself.
    spawnSync('npm', ['rebuild', 'node', 'esbuild'], { cwd: home, stdio: ['ignore', process.stderr, process.stderr] })
  }
  if (!existsSync(ownNode)) fail('The npm package `node` came without its program. Try: npm rebuild node')
  writeFileSync(stamp, wanted)
}

function run() {
  const script = join(home, 'scripts', 'cli', `${command}.ts`)
  if (!existsSync(script)) fail(`There is no command ${command}.`)
  const child = spawn(ownNode, ['--import', 'tsx', script, ...rest], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(ownNode)}:${process.env.PATH ?? ''}` },
  })
  // Ctrl-C reaches the child by the terminal; it stops what it started, and we end as it ends.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}

function fail(text) {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}
