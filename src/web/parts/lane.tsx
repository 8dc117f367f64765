import { formatAge } from '../format.ts';
import type { SeenNode } from '../state/network.ts';
import { hrefOf } from '../state/route.ts';
import { WORDS } from '../words/words.ts';
import type { TrustedParty } from '../worker/protocol.ts';
import { Icon } from './icons.tsx';

interface LaneProps {
  readonly node: SeenNode;
  readonly witnesses: readonly TrustedParty[];
  readonly quorum: number;
  readonly findings: number;
  readonly nowMs: number;
}

/** One node: its facts to the left, the witnesses that have seen its newest checkpoint to the right. */
export function Lane({ node, witnesses, quorum, findings, nowMs }: LaneProps) {
  const { network: words } = WORDS;
  const { listed, checked } = node;
  const log = checked?.log;
  const cosigned = new Set(log?.witnesses.map(({ name }) => name));
  const isWell = listed.state === 'followed';
  return (
    <li class="lane" data-origin={listed.origin} data-checked={log === undefined ? 'no' : 'yes'}>
      <div class="lane-node">
        <h2>
          <Icon name="node" /> {listed.region}
        </h2>
        <p>{listed.operator}</p>
        <p class="dim">{listed.origin}</p>
        <p class={`badge ${isWell ? 'good' : 'bad'}`}>
          <Icon name={isWell ? 'good' : 'bad'} /> {words.serverSays}:{' '}
          {words.state[listed.state] ?? listed.state}
        </p>
        {listed.problem === null ? null : <p class="problem">{listed.problem.message}</p>}
      </div>
      <dl class="lane-facts">
        <Fact term={words.size} text={log === undefined ? '–' : log.size.toLocaleString('en')} />
        <Fact
          term={words.age}
          text={log === undefined ? words.noCheckpoint : formatAge(log.witnessedAt, nowMs)}
        />
        <Fact term={words.lag} text={lagOf(node)} />
        <dt>{WORDS.nav.findings}</dt>
        <dd>
          <a href={hrefOf('findings')}>{words.findings(findings)}</a>
        </dd>
        <dt class="sr">{words.verified}</dt>
        <dd class={`badge ${log === undefined ? 'open' : 'good'}`}>
          <Icon name={log === undefined ? 'open' : 'good'} />{' '}
          {log === undefined ? (checked?.problem?.message ?? words.notVerified) : words.verified}
        </dd>
      </dl>
      <div class="lane-witnesses">
        <p class="dim">
          {words.cosigned} · {words.quorum(cosigned.size, quorum)}
        </p>
        <ul class="dots">
          {witnesses.map(({ name, operator }) => (
            <li
              key={name}
              class={cosigned.has(name) ? 'dot good' : 'dot open'}
              title={cosigned.has(name) ? words.didCosign(name) : words.notCosign(name)}
            >
              <Icon name={cosigned.has(name) ? 'good' : 'open'} />
              <span class="sr">
                {cosigned.has(name) ? words.didCosign(operator) : words.notCosign(operator)}
              </span>
              <span aria-hidden="true">{operator}</span>
            </li>
          ))}
        </ul>
      </div>
    </li>
  );
}

/** How far the server's tally is behind the newest checkpoint: by its own word. */
function lagOf({ listed }: SeenNode): string {
  const { network: words } = WORDS;
  const behind = Math.max(0, Number(listed.size) - Number(listed.talliedSize));
  return behind === 0 ? words.lagNone : words.lagEntries(behind);
}

function Fact({ term, text }: { readonly term: string; readonly text: string }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{text}</dd>
    </>
  );
}
