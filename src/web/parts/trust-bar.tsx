/** The trust root in use, always in sight; its window explains it and pins it. */
import { useSignal } from '@preact/signals';
import { formatInstant, formatList, shortHash } from '../format.ts';
import { failureOf } from '../state/opened.ts';
import { pinLink } from '../state/route.ts';
import * as state from '../state/trust.ts';
import { WORDS } from '../words/words.ts';
import type { TrustView } from '../worker/protocol.ts';
import { Dialog } from './dialog.tsx';
import { Hash } from './hash.tsx';
import { Icon } from './icons.tsx';

const TONE = {
  loading: 'open',
  none: 'open',
  own: 'good',
  pinned: 'good',
  unpinned: 'open',
  differs: 'bad',
} as const;

export function standingWord(standing: state.Standing): string {
  return standing === 'loading' ? WORDS.loading : WORDS.trust[standing];
}

export function TrustBar() {
  const isOpen = useSignal(false);
  const standing = state.standing.value;
  const digest = state.trust.value?.view.digest;
  return (
    <div class={`trust-bar ${TONE[standing]}`} data-standing={standing}>
      <button
        type="button"
        class="trust-button"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        <Icon name="key" />
        <span class="trust-name">{WORDS.trust.title}</span>
        {digest === undefined ? null : <code>{shortHash(digest)}</code>}
        <span class="trust-standing">{standingWord(standing)}</span>
      </button>
      {isOpen.value ? (
        <Dialog
          title={WORDS.trust.title}
          onClose={() => {
            isOpen.value = false;
          }}
        >
          <TrustWindow />
        </Dialog>
      ) : null}
    </div>
  );
}

function TrustWindow() {
  const { trust: words } = WORDS;
  const standing = state.standing.value;
  const current = state.trust.value;
  const pin = state.pin.value;
  return (
    <>
      <p>{words.lead}</p>
      <p class={`note ${TONE[standing]}`}>
        <strong>{standingWord(standing)}.</strong> {leadOf(standing)}
      </p>
      {state.linkDiffers.value ? <p class="note bad">{words.linkDiffers}</p> : null}
      {state.serverDiffers.value ? <p class="note open">{words.serverDiffers}</p> : null}
      {current === undefined ? null : <TrustFacts view={current.view} />}
      {pin === undefined || pin === current?.view.digest ? null : (
        <Hash hex={pin} label={words.pinnedDigest} />
      )}
      <div class="actions">
        {current === undefined || pin === current.view.digest || standing === 'differs' ? null : (
          <button type="button" class="primary" onClick={() => state.setPin(current.view.digest)}>
            {words.pin}
          </button>
        )}
        {pin === undefined ? null : (
          <button type="button" onClick={() => state.setPin(undefined)}>
            {words.unpin}
          </button>
        )}
        {current?.source === 'file' ? (
          <button type="button" onClick={() => void state.forgetOwnTrust()}>
            {words.forget}
          </button>
        ) : null}
        <OwnTrustFile />
      </div>
    </>
  );
}

function leadOf(standing: state.Standing): string {
  const { trust: words } = WORDS;
  if (standing === 'unpinned') return words.unpinnedLead;
  if (standing === 'differs') return words.differsLead;
  return standing === 'none' ? words.noneLead : '';
}

function TrustFacts({ view }: { readonly view: TrustView }) {
  const { trust: words } = WORDS;
  return (
    <>
      <Hash hex={view.digest} label={words.digest} />
      <ul class="plain">
        <li>{words.version(view.version, formatInstant(view.expires))}</li>
        <li>{words.rests(view.logs.length, view.witnesses.length, view.witnessQuorum)}</li>
        <li>{words.tolerance(view.tolerance)}</li>
        <li>{words.verifiers(view.verifierQuorum, view.verifiers.length)}</li>
        <li>
          {words.logs}:{' '}
          {formatList(
            view.logs.map(({ name }) => name),
            12,
          )}
        </li>
        <li>
          {words.witnesses}:{' '}
          {formatList(
            view.witnesses.map(({ operator }) => operator),
            12,
          )}
        </li>
      </ul>
      {location.protocol === 'file:' ? null : (
        <Hash hex={pinLink(view.digest)} label={words.link} />
      )}
    </>
  );
}

function OwnTrustFile() {
  const problem = useSignal('');
  const take = async (files: FileList | null): Promise<void> => {
    const file = files?.[0];
    if (file === undefined) return;
    problem.value = '';
    try {
      await state.useOwnTrust(new Uint8Array(await file.arrayBuffer()));
    } catch (error) {
      problem.value = failureOf(error).message;
    }
  };
  return (
    <>
      <label class="button">
        {WORDS.trust.useFile}
        <input type="file" class="sr" onChange={(event) => void take(event.currentTarget.files)} />
      </label>
      {problem.value === '' ? null : <p class="note bad">{problem.value}</p>}
    </>
  );
}
