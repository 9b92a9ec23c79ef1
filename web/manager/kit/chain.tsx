// A chain of certificates as a picture: the one that is served at the left, the root at the right.
import { ArrowRight, ShieldCheck } from 'lucide-react';
import { Fragment } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { CertificateDetails } from '../../generated/api';
import { call, Problem } from './api';
import { State, To, When } from './show';
import { Loaded } from './states';

/** From the certificate up to its root, as far as the manager knows the issuers. */
async function climb(fingerprint: string): Promise<CertificateDetails[]> {
  const out: CertificateDetails[] = [];
  let next = fingerprint;
  while (next && out.length < 10 && !out.some((one) => one.fingerprint === next)) {
    const one = await call('GET /certificates/{fingerprint}', { params: { fingerprint: next } });
    out.push(one);
    next = one.issuer === one.fingerprint ? '' : one.issuer;
  }
  return out;
}

export const shortName = (subject: string) => /CN ?= ?([^,/]+)/.exec(subject)?.[1] ?? subject;

export function Chain({ fingerprint, roots }: { fingerprint: string; roots?: string[] | null }) {
  const chain = useQuery<CertificateDetails[], Problem>({ queryKey: ['GET /certificates/{fingerprint}', { chain: fingerprint }], queryFn: () => climb(fingerprint) });
  return (
    <Loaded of={chain} operation="GET /certificates/{fingerprint}">
      {(all) => (
        <div className="chain">
          {all.map((one, i) => {
            const bad = one.state === 'expired' || one.state === 'revoked' || Date.parse(one.not_after) < Date.now();
            const anchor = roots?.includes(one.fingerprint) || one.purpose === 'root';
            return (
              <Fragment key={one.fingerprint}>
                {i > 0 && <ArrowRight size={20} aria-label="was issued by" />}
                <article className={`link ${bad ? 'link-bad' : anchor ? 'link-anchor' : ''}`}>
                  <h3>
                    <To href={`/certificates/${one.fingerprint}`}>{shortName(one.subject)}</To>
                  </h3>
                  <div className="small">
                    {anchor ? <ShieldCheck size={14} aria-hidden /> : null} {i === 0 ? 'Served' : one.issuer === one.fingerprint || !one.issuer ? 'Root' : 'Issuing authority'} · {one.key}
                  </div>
                  <div className="small">
                    <When at={one.not_before} day /> – <When at={one.not_after} day with_ago />
                  </div>
                  <State value={one.state} />
                </article>
              </Fragment>
            );
          })}
          {all.at(-1) && all.at(-1)!.issuer === '' && all.at(-1)!.purpose !== 'root' && <p className="dimmed">The issuer, {all.at(-1)!.issuer_subject}, is not known here.</p>}
        </div>
      )}
    </Loaded>
  );
}
