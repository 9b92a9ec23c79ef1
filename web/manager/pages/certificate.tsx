import { Button } from '@mantine/core';
import { Ban, Download, KeyRound, RefreshCw } from 'lucide-react';
import type { CertificateDetails, Rekey } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { Chain, shortName } from '../kit/chain';
import { download } from '../kit/csv';
import { useMay } from '../kit/session';
import { Card, CopyText, Fact, Facts, Fingerprint, Head, plainWords, several, State, SystemNames, To, When } from '../kit/show';
import { Loaded } from '../kit/states';
import { Short } from '../kit/table';

const reasons = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'];

/** The systems whose certificate it is now: those that serve or show it, else the one that it was issued for and that has not got it yet. */
function systemsOf(one: CertificateDetails): Array<{ id: number; name: string }> {
  if (['root', 'authority'].includes(one.purpose)) return [];
  const now = one.uses.filter((use) => use.system && use.until === null).map((use) => [use.system, { id: use.system, name: use.system_name }] as const);
  if (now.length > 0) return [...new Map(now).values()];
  return one.system && ['issued', 'pending'].includes(one.state) ? [{ id: one.system, name: one.system_name }] : [];
}

/** Renewing, and new keys: each renewal brings a new key, so both are the same work, now. They differ in what becomes of the old one. */
function Anew({ one }: { one: CertificateDetails }) {
  const may = useMay();
  const ask = useAsk();
  const systems = systemsOf(one);
  if (!may('POST /rekey') || systems.length === 0) return null;
  const names = systems.map((system) => system.name).join(', ');
  const rekey = (revoke?: Rekey['revoke']) => call('POST /rekey', { body: { systems: systems.map((system) => system.id), ...(revoke ? { revoke } : {}) } });
  const done = 'The work is queued; Jobs shows how it goes.';
  const byHand = 'Where people ask an authority, the request is at Requests by hand first.';
  return (
    <>
      <Button variant="default" leftSection={<RefreshCw size={16} />} onClick={() => ask({ title: 'Renew it now', text: <>{names} gets a new certificate now{one.renew_at && <>, and not at <When at={one.renew_at} /></>}. Each renewal brings a new key, too. The old certificate stays valid until its end. {byHand}</>, button: 'Renew it', done, run: () => rekey() })}>
        Renew
      </Button>
      <Button variant="default" leftSection={<KeyRound size={16} />} onClick={() => ask({ title: 'Give it a new key', text: <>For a key that others may know. {names} gets a new key and a certificate for it; when that is proven, this one is revoked. {byHand}</>, button: 'Give it a new key', done, fields: [{ name: 'revoke', label: 'Revoke this one then, because', kind: 'choice', required: true, value: 'keyCompromise', choices: reasons.map((value) => ({ value, label: value })) }], run: ({ revoke }) => rekey(revoke) })}>
        Re-key
      </Button>
    </>
  );
}

export default function CertificatePage({ fingerprint }: { fingerprint: string }) {
  const certificate = useGet('GET /certificates/{fingerprint}', { params: { fingerprint } });
  const may = useMay();
  const ask = useAsk();
  return (
    <Loaded of={certificate} lines={8} operation="GET /certificates/{fingerprint}">
      {(one) => (
        <>
          <Head
            title={shortName(one.subject)}
            crumbs={[['Certificates', '/certificates']]}
            actions={
              <>
                {one.pem && (
                  <Button variant="default" leftSection={<Download size={16} />} onClick={() => download(`${shortName(one.subject)}.pem`, one.pem + one.chain, 'application/x-pem-file')}>
                    PEM
                  </Button>
                )}
                <Anew one={one} />
                {may('POST /rekey') && one.purpose === 'authority' && (
                  <Button variant="default" onClick={() => ask({ title: 'New keys for everything below', text: 'Every system that serves a certificate below this authority gets a new key and certificate. What a campaign changes just now, and what is not under Secure-Only, waits; `countersign inventory rekey` names it.', button: 'Give them new ones', done: 'The work is queued.', fields: [{ name: 'revoke', label: 'Revoke the old ones, because', kind: 'choice', choices: reasons.map((value) => ({ value, label: value })) }], run: ({ revoke }) => call('POST /rekey', { body: { issuer: fingerprint, ...(revoke ? { revoke } : {}) } }) })}>
                    New keys below it
                  </Button>
                )}
                {may('POST /certificates/{fingerprint}/revoke') && one.purpose === 'system' && one.state !== 'revoked' && (
                  <Button color="red" variant="default" leftSection={<Ban size={16} />} onClick={() => ask({ title: 'Revoke the certificate', danger: true, text: 'It is in the revocation list from now on. A system that serves it gets another one.', button: 'Revoke it', done: 'It is revoked.', fields: [{ name: 'reason', label: 'Reason', kind: 'choice', required: true, value: 'superseded', choices: reasons.map((value) => ({ value, label: value })) }], run: ({ reason }) => call('POST /certificates/{fingerprint}/revoke', { params: { fingerprint }, body: { reason } }) })}>
                    Revoke
                  </Button>
                )}
              </>
            }
          >
            <State value={one.state} /> {plainWords(one.purpose)} · ends <When at={one.not_after} day with_ago />
          </Head>
          <div className="stack">
            <Card title="Chain">
              <Chain fingerprint={one.fingerprint} />
            </Card>
            <Card title="Facts">
              <Facts>
                <Fact name="Subject">{one.subject}</Fact>
                <Fact name="Names">{one.names.join(', ')}</Fact>
                <Fact name="Issuer">{one.issuer ? <To href={`/certificates/${one.issuer}`}>{one.issuer_subject}</To> : one.issuer_subject}</Fact>
                <Fact name="Key">{one.key}{one.key_made === 'system' ? ', made by the system, which it never left' : one.key_made ? `, made by the ${one.key_made}` : ''}</Fact>
                <Fact name="Valid from"><When at={one.not_before} /></Fact>
                <Fact name="Valid until"><When at={one.not_after} /></Fact>
                <Fact name="Renewed at"><When at={one.renew_at} /></Fact>
                <Fact name="System">{one.system ? <To href={`/systems/${one.system}`}>{one.system_name}</To> : null}</Fact>
                <Fact name="Serial number">{one.serial}</Fact>
                <Fact name="SHA-256"><Fingerprint value={one.fingerprint} /></Fact>
                {one.revoked && <Fact name="Revoked"><When at={one.revoked} /> {one.reason}</Fact>}
                {one.replaced_by && <Fact name="Replaced by"><Fingerprint value={one.replaced_by} href={`/certificates/${one.replaced_by}`} /></Fact>}
              </Facts>
            </Card>
            <Card title="Where it is served">
              {one.uses.length === 0 ? <p className="dimmed">Nowhere that the manager saw.</p> : <Short label="Uses" heads={['System', 'Service', 'Since', 'Until']} rows={one.uses.map((use) => [use.system ? <To href={`/systems/${use.system}`}>{use.system_name}</To> : 'The manager itself', use.service, <When at={use.since} />, use.until ? <When at={use.until} /> : 'now'])} />}
            </Card>
            <Card title="Where it is trusted" aside={several(one.trusted_by.in_all, 'system')}>
              <SystemNames of={one.trusted_by} none="By no system." />
            </Card>
            {one.pem && (
              <Card title="PEM" aside={<CopyText text={one.pem} label="Copy the PEM" />}>
                <div className="pem" tabIndex={0} role="group" aria-label="PEM">{one.pem}</div>
              </Card>
            )}
          </div>
        </>
      )}
    </Loaded>
  );
}
