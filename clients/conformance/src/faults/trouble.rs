//! The faults, one after another, with calm between them.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::tls::Issuer;
use super::way::Way;
use crate::proxy::Proxy;
use crate::real_core::RealCore;
use crate::scenario::{CoreStep, Fault, FaultKind, Rpc};

const CALM: Duration = Duration::from_secs(2);
const LASTS: Duration = Duration::from_secs(2);
/// Longer than a hold lives, and than a decision may take.
const FROZEN: Duration = Duration::from_secs(3);
/// Of each RPC: answers that are lost alone, and then some with their connection.
const LOST: usize = 12;
const CUT: usize = 4;

/// Every fault once, and then calm.
pub async fn round(core: &mut RealCore, proxy: &Proxy, way: &mut Way) -> Result<()> {
    sleep(CALM).await;
    core.step(CoreStep::Kill).await?;
    sleep(LASTS).await;
    core.step(CoreStep::Start).await?;
    sleep(CALM).await;
    arm(proxy, FaultKind::LoseAnswer, LOST);
    arm(proxy, FaultKind::Cut, CUT);
    sleep(LASTS).await;
    proxy.clear_faults();
    sleep(CALM).await;
    core.step(CoreStep::Freeze).await?;
    sleep(FROZEN).await;
    core.step(CoreStep::Thaw).await?;
    sleep(CALM).await;
    arm(proxy, FaultKind::Unavailable, usize::MAX);
    sleep(LASTS).await;
    proxy.clear_faults();
    sleep(CALM).await;
    if let Way::Tls(tls) = way {
        for issuer in [Issuer::Same, Issuer::Other] {
            tls.rotate(issuer).await?;
            sleep(CALM).await;
        }
    }
    Ok(())
}

/// So many requests of each RPC meet it.
fn arm(proxy: &Proxy, kind: FaultKind, times: usize) {
    for rpc in [
        Rpc::CheckBalance,
        Rpc::PlaceHold,
        Rpc::CaptureHold,
        Rpc::ReleaseHold,
        Rpc::ExtendHold,
        Rpc::Charge,
    ] {
        proxy.arm(Fault {
            rpc,
            kind,
            times,
            delay_ms: 0,
        });
    }
}
