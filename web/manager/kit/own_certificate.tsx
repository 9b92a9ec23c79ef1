// The manager's own certificate and name: what they are, whether they are as systems need them, and how they are changed.
import { Alert, Button, Group } from '@mantine/core';
import { call, useGet } from './api';
import { useAsk } from './ask';
import { download } from './csv';
import { fileText, sent, type Field } from './form';
import { useMay } from './session';
import { Card, Fact, Facts, Fingerprint, State, To, When } from './show';
import { Loaded } from './states';

const requestFields: Field[] = [
  { name: 'common_name', label: 'Common name', placeholder: 'The manager’s host name' },
  { name: 'organization', label: 'Organization' },
  { name: 'unit', label: 'Unit' },
  { name: 'locality', label: 'Locality' },
  { name: 'state', label: 'State' },
  { name: 'country', label: 'Country', placeholder: 'DE' },
  { name: 'names', label: 'More names', kind: 'list' },
  { name: 'key_type', label: 'Key', kind: 'choice', choices: ['ec:p256', 'ec:p384', 'rsa:2048', 'rsa:3072', 'rsa:4096'].map((value) => ({ value, label: value })) },
];

export function OwnCertificate() {
  const own = useGet('GET /own-certificate');
  const may = useMay();
  const ask = useAsk();
  const upload = (title: string, text: string) =>
    ask({
      title,
      text,
      size: 'lg',
      button: 'Install',
      done: 'The certificate is installed.',
      fields: [
        { name: 'certificate', label: 'Certificate with its chain (PEM, DER, PKCS#7), or a package (PFX)', kind: 'file', required: true },
        { name: 'key', label: 'Private key', kind: 'file', help: 'Not needed for the answer to the request, nor for a package' },
        { name: 'passphrase', label: 'Passphrase', kind: 'password' },
        { name: 'trust_root', label: 'Trust the root that stands in the file', kind: 'check' },
      ],
      run: async ({ certificate, key, passphrase, trust_root }) => call('POST /own-certificate', { body: { certificate: await fileText(certificate), ...(key ? { key: await fileText(key) } : {}), ...(passphrase ? { passphrase } : {}), trust_root: Boolean(trust_root) } }),
    });
  const request = () =>
    ask({
      title: 'Request a certificate',
      size: 'lg',
      button: 'Make key and request',
      text: 'For your company’s authority. The key stays in the manager.',
      fields: requestFields,
      run: async (values) => {
        const made = await call('POST /own-certificate/request', { body: sent(values) });
        download('manager-request.pem', made.pem, 'application/x-pem-file');
      },
    });
  return (
    <Loaded of={own} operation="GET /own-certificate" lines={5}>
      {(one) => (
        <Card
          title="Its certificate"
          aside={
            may('POST /own-certificate') && (
              <Group gap="xs">
                {!one.request && <Button size="xs" variant="default" onClick={request}>Request</Button>}
                <Button size="xs" variant="default" onClick={() => upload('Install a certificate', 'It is checked before it is taken. While systems that verify lack its root it waits.')}>Install</Button>
                {one.previous && <Button size="xs" variant="default" onClick={() => ask({ title: 'Back to the certificate before', button: 'Go back', run: () => call('POST /own-certificate/roll-back') })}>Go back</Button>}
                {!one.active.internal && <Button size="xs" variant="default" onClick={() => ask({ title: 'Back to the internal authority’s', button: 'Go back', run: () => call('DELETE /own-certificate') })}>Internal authority</Button>}
              </Group>
            )
          }
        >
          <div className="stack">
            <Facts>
              <Fact name="Subject">{one.active.certificate.subject}</Fact>
              <Fact name="Names">{one.active.certificate.names?.join(', ')}</Fact>
              <Fact name="Issuer">{one.active.certificate.issuer}</Fact>
              <Fact name="Ends"><When at={one.active.certificate.expires} with_ago /></Fact>
              <Fact name="Key">{one.active.certificate.key}</Fact>
              <Fact name="SHA-256"><Fingerprint value={one.active.certificate.fingerprint} href={`/certificates/${one.active.certificate.fingerprint}`} /></Fact>
            </Facts>
            {one.request && (
              <Alert color="blue" title={`A request waits for its answer: ${one.request.subject}`}>
                <p>Made by {one.request.by}, <When at={one.request.made} with_ago />. The answer is matched with its key when it is installed.</p>
                <Group gap="xs">
                  <Button size="xs" variant="default" onClick={() => download('manager-request.pem', one.request!.pem, 'application/x-pem-file')}>Download it</Button>
                  {may('POST /own-certificate') && <Button size="xs" onClick={() => upload('Install the answer', 'The certificate that the authority made from the request.')}>Bring the answer</Button>}
                  {may('DELETE /own-certificate/request') && <Button size="xs" variant="default" onClick={() => ask({ title: 'Give the request up', danger: true, button: 'Give it up', text: 'Its key is deleted; an answer that comes later fits nothing.', run: () => call('DELETE /own-certificate/request') })}>Give it up</Button>}
                </Group>
              </Alert>
            )}
            {one.staged && (
              <Alert color="orange" title={`Another certificate waits: ${one.staged.certificate?.subject}`}>
                <p>{one.staged.waiting_for?.in_all ?? 0} systems that verify do not have its root yet.</p>
                <Group gap="xs">
                  {may('POST /own-certificate/staged') && <Button size="xs" onClick={() => ask({ title: 'Take it into use', button: 'Use it', fields: [{ name: 'accept_consequences', label: 'I accept that systems without the root cannot call any more', kind: 'check' }], run: (values) => call('POST /own-certificate/staged', { body: { accept_consequences: Boolean(values.accept_consequences) } }) })}>Use it now</Button>}
                  {may('DELETE /own-certificate/staged') && <Button size="xs" variant="default" onClick={() => ask({ title: 'Give it up', button: 'Give it up', run: () => call('DELETE /own-certificate/staged') })}>Give it up</Button>}
                </Group>
              </Alert>
            )}
          </div>
        </Card>
      )}
    </Loaded>
  );
}

/** The manager's checklist, or the items of it that one thing depends on. */
export function OwnReadiness({ title, only, aside }: { title: string; only?: string[]; aside?: string }) {
  const readiness = useGet('GET /readiness');
  return (
    <Loaded of={readiness} operation="GET /readiness" lines={6}>
      {(one) => (
        <Card title={title} aside={aside && <span className="dimmed">{aside}</span>}>
          {one.readiness
            .filter((item) => !only || only.includes(item.id))
            .map((item) => (
              <div key={item.id} className="check" data-item={item.id}>
                <State value={item.state} />
                <div>
                  {item.text} {item.needed_for === 'advice' && <span className="dimmed">(advice)</span>}
                  <p>{item.evidence}</p>
                  {item.state !== 'yes' && item.remedy && <p><b>What to do:</b> {item.remedy}</p>}
                </div>
              </div>
            ))}
        </Card>
      )}
    </Loaded>
  );
}

/** The roots of the estate, for browsers and programs. */
export function OwnRoots() {
  const about = useGet('GET /about');
  return (
    <Loaded of={about} operation="GET /about">
      {(one) => (
        <Card title="Its roots" aside={<a href="/ca.pem" download>Download for browsers and programs</a>}>
          {one.roots.map((root) => (
            <div key={root.fingerprint}>
              <p>
                <To href={`/certificates/${root.fingerprint}`}>{root.subject}</To>, ends <When at={root.expires} day />
              </p>
              <p className="small">SHA-256 <code>{root.fingerprint}</code></p>
            </div>
          ))}
        </Card>
      )}
    </Loaded>
  );
}
