import type { Decision } from '../../scripts/domain/decision.ts'
import { type Evidence, ofKind } from '../../scripts/domain/evidence.ts'
import type { Incident } from '../../scripts/domain/incident.ts'
import { counted, named } from '../parts/words.ts'

const mostNodes = 7
const mostNames = 500
const node = { width: 224, height: 36, gap: 12 } as const
const columnGap = 72

export interface Lineage {
  upstream: string[]
  asset: string
  downstream: string[]
  exposures: string[]
}

/** What stands before and after the asset: as the lineage says, else who reads it by the catalogue. */
export function lineageOf(incident: Pick<Incident, 'asset'>, evidence: readonly Evidence[]): Lineage | null {
  const known = ofKind(evidence, 'lineage')
  const merged = (pick: (item: (typeof known)[number]) => string[] | null | undefined) => [
    ...new Set(known.flatMap((item) => (pick(item) ?? []).slice(0, mostNames).map(named))),
  ]
  const found = incident.asset?.name ?? known.find((item) => item.asset)?.asset ?? null
  if (found === null) return null
  const asset = named(found)
  const downstream = merged(({ data }) => data.downstream)
  const consumers = ofKind(evidence, 'catalog_entry').flatMap(({ data }) =>
    (data.consumers ?? []).slice(0, mostNames).map(named),
  )
  const lineage = {
    upstream: merged(({ data }) => data.upstream),
    asset,
    downstream: downstream.length > 0 ? downstream : [...new Set(consumers)],
    exposures: merged(({ data }) => data.exposures),
  }
  const isEmpty = lineage.upstream.length + lineage.downstream.length + lineage.exposures.length === 0
  return isEmpty ? null : lineage
}

/** Upstream → asset → downstream as a picture, the break and what it reaches marked; and the same as text. */
export function LineagePart({ lineage, decision }: { lineage: Lineage | null; decision: Decision | null }) {
  if (!lineage) return null
  const { upstream, asset, downstream, exposures } = lineage
  const reached = decision?.is_incident ?? true
  const named = new Set(decision?.affected_assets.map((name) => name.toLowerCase()))
  const isReached = (name: string) => reached && (named.size === 0 || named.has(name.toLowerCase()))
  const columns = [
    column('upstream', upstream, () => false),
    column('asset', [asset], () => true),
    column('downstream', [...downstream, ...exposures.map((name) => `◆ ${name}`)], (name) =>
      isReached(name.replace(/^◆ /, '')),
    ),
  ].filter(({ boxes }) => boxes.length > 0)
  const height = Math.max(...columns.map(({ boxes }) => boxes.length)) * (node.height + node.gap) - node.gap
  const width = columns.length * node.width + (columns.length - 1) * columnGap
  const placed = columns.map(({ name, boxes }, index) => ({
    name,
    boxes: boxes.map((box, row) => ({
      ...box,
      x: index * (node.width + columnGap),
      y: (height - (boxes.length * (node.height + node.gap) - node.gap)) / 2 + row * (node.height + node.gap),
    })),
  }))
  const center = placed.find(({ name }) => name === 'asset')?.boxes[0]
  if (!center) return null
  const middle = center.y + node.height / 2
  return (
    <section id="lineage" data-live aria-labelledby="lineage-title" class="panel">
      <h2 id="lineage-title">Lineage</h2>
      <div class="picture" tabindex={0}>
        <svg
          viewBox={`-2 -2 ${width + 4} ${height + 4}`}
          width={width + 4}
          height={height + 4}
          role="img"
          aria-label={described(lineage)}
          class="lineage"
        >
          {placed.flatMap(({ name, boxes }) =>
            name === 'asset'
              ? []
              : boxes.map((box) => {
                  const y = box.y + node.height / 2
                  const [from, to] =
                    name === 'upstream' ? [box.x + node.width, center.x] : [center.x + node.width, box.x]
                  const [start, end] = name === 'upstream' ? [y, middle] : [middle, y]
                  const bend = (from + to) / 2
                  return (
                    <path
                      class={box.reached ? 'edge reached' : 'edge'}
                      d={`M${from} ${start}C${bend} ${start} ${bend} ${end} ${to} ${end}`}
                    />
                  )
                }),
          )}
          {placed.flatMap(({ name, boxes }) =>
            boxes.map((box) => (
              <g class={`node ${name}${box.reached ? ' reached' : ''}`}>
                <title>{box.full}</title>
                <rect x={box.x} y={box.y} width={node.width} height={node.height} rx={8} />
                {box.reached ? <Mark isBreak={name === 'asset'} x={box.x + 18} y={box.y + node.height / 2} /> : null}
                <text x={box.x + (box.reached ? 34 : 14)} y={box.y + node.height / 2 + 4}>
                  {box.label}
                </text>
              </g>
            )),
          )}
        </svg>
      </div>
      <p class="legend muted">
        <svg viewBox="-8 -8 16 16" width="16" height="16" aria-hidden="true" class="lineage">
          <g class="node asset reached">
            <Mark isBreak x={0} y={0} />
          </g>
        </svg>{' '}
        the break
        <svg viewBox="-8 -8 16 16" width="16" height="16" aria-hidden="true" class="lineage">
          <g class="node downstream reached">
            <Mark isBreak={false} x={0} y={0} />
          </g>
        </svg>{' '}
        what it reaches
      </p>
      <details id="lineage-text">
        <summary>As text</summary>
        <dl class="data">
          <Names title="Upstream" names={upstream} />
          <Names title="Downstream" names={downstream} />
          <Names title="Dashboards and other exposures" names={exposures} />
        </dl>
      </details>
    </section>
  )
}

function Names({ title, names }: { title: string; names: readonly string[] }) {
  return names.length === 0 ? null : (
    <div>
      <dt>{title}</dt>
      <dd>{names.slice(0, 100).join(', ')}</dd>
    </div>
  )
}

/** A cross for the break, a filled triangle for what it reaches. */
function Mark({ isBreak, x, y }: { isBreak: boolean; x: number; y: number }) {
  return isBreak ? (
    <path class="mark" d={`M${x - 5} ${y - 5}l10 10M${x + 5} ${y - 5}l-10 10`} />
  ) : (
    <path class="mark filled" d={`M${x} ${y - 6}l6.5 11h-13z`} />
  )
}

interface Box {
  full: string
  label: string
  reached: boolean
}

function column(
  name: string,
  names: readonly string[],
  isReached: (name: string) => boolean,
): { name: string; boxes: Box[] } {
  const shown = names.length > mostNodes ? names.slice(0, mostNodes - 1) : names
  const boxes = shown.map((full) => ({ full, label: shortened(full), reached: isReached(full) }))
  const rest = names.slice(shown.length)
  if (rest.length > 0) {
    boxes.push({ full: rest.slice(0, 50).join('\n'), label: `and ${rest.length} more`, reached: rest.some(isReached) })
  }
  return { name, boxes }
}

/** The end of a name tells tables apart, not the database that they share. */
function shortened(name: string): string {
  return name.length > 24 ? `…${name.slice(-23)}` : name
}

function described({ upstream, asset, downstream, exposures }: Lineage): string {
  return `${asset} is broken. It reads from ${upstream.length === 0 ? 'nothing known' : counted(upstream.length, 'asset')}; ${counted(downstream.length, 'asset')} and ${counted(exposures.length, 'exposure')} read it.`
}
