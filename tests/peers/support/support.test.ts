import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, isAlive } from '../../../engine/postgres/system.ts'
import { peerEnvironment, run } from './command.ts'
import { requirePackages } from './packages.ts'
import { startPeer } from './process.ts'
import { pythonEnvironment } from './python.ts'

describe('the support of peer tests', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-peer-support-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('makes a Python environment once, apart from the machine’s', async () => {
    const first = await pythonEnvironment({ name: 'empty', requirements: [] })
    const second = await pythonEnvironment({ name: 'empty', requirements: [] })
    expect(second.python).toBe(first.python)
    const { output } = await run(first.python, ['-c', 'import sys; print(sys.prefix != sys.base_prefix)'])
    expect(output.trim()).toBe('True')
  })

  it('says which requirement could not be installed', async () => {
    const requirements = [join(folder, 'no-such-package')]
    await expect(pythonEnvironment({ name: 'broken', requirements })).rejects.toThrow(/no-such-package/)
  })

  it('says which package is not to be had', async () => {
    await expect(requirePackages('no-such-package-of-debian')).rejects.toThrow(/no-such-package-of-debian/)
  })

  it('starts a server, keeps what it prints, and ends it with its children', async () => {
    const port = await freePort()
    const script = join(folder, 'server.mjs')
    await writeFile(
      script,
      `import { spawn } from 'node:child_process'
       import { createServer } from 'node:http'
       const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
       console.log('child', child.pid)
       createServer((_, response) => response.end()).listen(${port}, '127.0.0.1')`,
    )
    const peer = await startPeer({
      name: 'the server',
      command: process.execPath,
      args: [script],
      folder,
      logFile: join(folder, 'server.log'),
      readyUrl: `http://127.0.0.1:${port}/`,
    })
    const child = Number(/child (\d+)/.exec(await peer.log())?.[1])
    expect([isAlive(peer.pid), isAlive(child)]).toEqual([true, true])
    await peer.stop()
    expect(isAlive(peer.pid)).toBe(false)
    await expect.poll(() => run('ps', ['-o', 'stat=', '-p', String(child)])).toMatchObject({ output: /^(Z.*)?\s*$/ })
  })

  it('tells what a server said that did not start', async () => {
    const started = startPeer({
      name: 'the server',
      command: process.execPath,
      args: ['-e', 'console.log("no licence"); process.exit(3)'],
      folder,
      logFile: join(folder, 'failing.log'),
      readyUrl: 'http://127.0.0.1:9/',
    })
    await expect(started).rejects.toThrow(/ended with 3.*no licence/s)
  })

  it('shows peers none of our secrets', () => {
    process.env.SECRET_FOR_THIS_TEST = 'x'
    expect(Object.keys(peerEnvironment())).not.toContain('SECRET_FOR_THIS_TEST')
    delete process.env.SECRET_FOR_THIS_TEST
  })
})
