//! Certificates with one fault each, on a server of this process.

use futures::StreamExt;
use futures_rustls::TlsAcceptor;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use smol::net::TcpListener;

use super::*;

/// A certificate for `localhost`, and its key.
struct Shown {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn shown(change: impl FnOnce(&mut CertificateParams)) -> Shown {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    Shown { certificate: certificate.der().clone(), key }
}

/// What a client finds that dials this name, and trusts the certificate or the public authorities only.
fn found(shown: Shown, name: &str, is_trusted: bool) -> Result<(), TlsFailure> {
    let mut roots = public_roots();
    if is_trusted {
        roots.add(shown.certificate.clone()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.certificate], shown.key)
        .unwrap();
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _server = smol::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let stream = listener.incoming().next().await.unwrap().unwrap();
            // Ends with the client, which may refuse the certificate.
            let _ = acceptor.accept(stream).await;
        });
        let stream = TcpStream::connect(address).await.unwrap();
        start(client_config(roots), name.to_owned(), stream).await.map(drop)
    })
}

#[test]
fn each_fault_of_a_certificate_is_told() {
    let valid = || shown(|_| {});
    assert_eq!(found(valid(), "localhost", true), Ok(()));
    assert_eq!(found(valid(), "localhost", false), Err(TlsFailure::Untrusted));
    assert_eq!(found(valid(), "play.example", true), Err(TlsFailure::WrongName));
    let expired = shown(|params| params.not_after = date_time_ymd(2001, 1, 1));
    assert_eq!(found(expired, "localhost", true), Err(TlsFailure::Expired));
    let early = shown(|params| params.not_before = date_time_ymd(3001, 1, 1));
    assert_eq!(found(early, "localhost", true), Err(TlsFailure::NotYetValid));
}
