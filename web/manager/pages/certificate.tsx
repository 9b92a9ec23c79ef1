import { Button } from '@mantine/core';
import { Ban, Download } from 'lucide-react';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { Chain, shortName } from '../kit/chain';
import { download } from '../kit/csv';
import { useMay } from '../kit/session';
import { Card, CopyText, Fact, Facts, Fingerprint, Head, plainWords, several, State, To, When } from '../kit/show';
import { Loaded } from '../kit/states';
import { Short } from '../kit/table';

const reasons = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'];

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
                {may('POST /rekey') && one.purpose === 'authority' && (
                  <Button variant="default" onClick={() => ask({ title: 'New keys for everything below', text: 'Every system that serves a certificate right below this authority gets a new key and certificate.', button: 'Give them new ones', done: 'The work is queued.', fields: [{ name: 'revoke', label: 'Revoke the old ones, because', kind: 'choice', choices: reasons.map((value) => ({ value, label: value })) }], run: ({ revoke }) => call('POST /rekey', { body: { issuer: fingerprint, ...(revoke ? { revoke } : {}) } }) })}>
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
              {one.trusted_by.systems.length === 0 ? (
                <p className="dimmed">By no system.</p>
              ) : (
                <p>
                  {one.trusted_by.systems.map((system) => (
                    <span key={system.id}>
                      <To href={`/systems/${system.id}`}>{system.name}</To>{' '}
                    </span>
                  ))}
                </p>
              )}
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
