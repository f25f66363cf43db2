import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Hono } from 'hono'
import { notFound } from './refusal.ts'

const own = join(import.meta.dirname, 'assets')
const uplot = () => join(createRequire(import.meta.url).resolve('uplot'), '..')

const files = {
  'console.css': { path: () => join(own, 'console.css'), type: 'text/css; charset=utf-8' },
  'live.js': { path: () => join(own, 'live.js'), type: 'text/javascript; charset=utf-8' },
  'charts.js': { path: () => join(own, 'charts.js'), type: 'text/javascript; charset=utf-8' },
  'uplot.js': { path: () => join(uplot(), 'uPlot.iife.min.js'), type: 'text/javascript; charset=utf-8' },
  'uplot.css': { path: () => join(uplot(), 'uPlot.min.css'), type: 'text/css; charset=utf-8' },
  'icon.svg': { path: () => join(own, 'icon.svg'), type: 'image/svg+xml' },
} as const
type AssetName = keyof typeof files

interface Asset {
  body: Buffer<ArrayBuffer>
  type: string
  version: string
}

const read = new Map<AssetName, Asset>()

function asset(name: AssetName): Asset {
  const known = read.get(name)
  if (known) return known
  const body = Buffer.from(readFileSync(files[name].path()))
  const version = createHash('sha256').update(body).digest('hex').slice(0, 12)
  const found = { body, type: files[name].type, version }
  read.set(name, found)
  return found
}

/** Where a file of the console's own is. The address changes with its content, so that browsers may keep it for good. */
export function assetPath(name: AssetName): string {
  return `/assets/${asset(name).version}/${name}`
}

function isAssetName(name: string): name is AssetName {
  return Object.hasOwn(files, name)
}

/** Serves the files of the table above, and no other. */
export const assets = new Hono().get('/:version/:name', (context) => {
  const { version, name } = context.req.param()
  if (!isAssetName(name) || asset(name).version !== version) throw notFound('This file')
  const { body, type } = asset(name)
  return context.body(body, 200, { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' })
})
