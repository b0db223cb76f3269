//! The loopback ports of what runs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Result, bail};

#[derive(Debug, Clone, Copy)]
pub struct Ports {
    pub grpc: SocketAddr,
    pub gateway: SocketAddr,
    pub core_admin: SocketAddr,
    pub gateway_admin: SocketAddr,
    pub sandbox: SocketAddr,
}

impl Ports {
    /// The documented ones, or an error that names the one that is taken.
    pub fn usual() -> Result<Self> {
        let free = |port: u16, what: &str| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            match TcpListener::bind(address) {
                Ok(_) => Ok(address),
                Err(error) => bail!(
                    "port {port} for {what} cannot be used ({error}); stop what uses it, or let \
                     --free-ports choose others"
                ),
            }
        };
        Ok(Self {
            grpc: free(50051, "gRPC")?,
            gateway: free(8080, "the gateway")?,
            core_admin: free(9051, "the core's metrics and probes")?,
            gateway_admin: free(9080, "the gateway's metrics and probes")?,
            sandbox: free(4242, "the stand-in for Stripe and Fondy")?,
        })
    }

    /// Whichever are free now.
    pub fn free() -> Result<Self> {
        let open = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        // Held together, so that no two are the same.
        let (grpc, gateway, core_admin, gateway_admin, sandbox) =
            (open()?, open()?, open()?, open()?, open()?);
        Ok(Self {
            grpc: grpc.local_addr()?,
            gateway: gateway.local_addr()?,
            core_admin: core_admin.local_addr()?,
            gateway_admin: gateway_admin.local_addr()?,
            sandbox: sandbox.local_addr()?,
        })
    }
}
