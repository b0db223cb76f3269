//! The kinds of steps, and how each is taken.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;

use super::Player;
use crate::calls;
use crate::compare;
use crate::mismatch::Mismatch;
use crate::patience::Patience;
use crate::scenario::{
    All, Books, Call, Close, Header, Log, Newest, RefusedStart, Requests, Rpc, State, Step, User,
};
use crate::subject::{Launch, send};

impl Player<'_> {
    pub async fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Fault(fault) => {
                self.proxy.arm(*fault);
                Ok(())
            }
            Step::ClearFaults(All::All) => {
                self.proxy.clear_faults();
                Ok(())
            }
            Step::Core(step) => self.core.step(*step).await,
            Step::Call(call) => self.call(call).await,
            Step::Join(name) => self.join(name).await,
            Step::AwaitCalls(calls) => self.await_calls(calls).await,
            Step::ExpectCalls(calls) => Ok(calls::compare(calls, &self.proxy.seen())?),
            Step::AwaitBooks(books) => self.await_books(books).await,
            Step::AwaitState(state) => self.await_state(state).await,
            Step::ExpectLog(log) => self.expect_log(log).await,
            Step::Close(close) => self.close(*close).await,
            Step::ReleaseHold(Newest::Newest) => self.release_hold().await,
            Step::UseKey(Newest::Newest) => self.use_key().await,
            Step::RefusedStart(refused) => self.refused_start(refused).await,
        }
    }

    async fn call(&mut self, call: &Call) -> Result<()> {
        if let Some(rpc) = call.abandon_when {
            return self.abandon(call, rpc).await;
        }
        let expect = call.expect.as_ref().context("no answer is expected")?;
        if let Some(name) = &call.background {
            let request = self.request(call)?;
            let answer = tokio::spawn(send(self.subject.address, request));
            let waiting = (expect.clone(), answer);
            self.background.insert(name.clone(), waiting);
            return Ok(());
        }
        for _ in 0..call.times {
            let answer = send(self.subject.address, self.request(call)?).await?;
            compare::answer(expect, &answer)?;
        }
        Ok(())
    }

    async fn join(&mut self, name: &str) -> Result<()> {
        let (expect, answer) = self.background.remove(name).context("no such call")?;
        Ok(compare::answer(&expect, &answer.await??)?)
    }

    /// Closes the connection once the core has answered the RPC.
    async fn abandon(&self, call: &Call, rpc: Rpc) -> Result<()> {
        let before = self.proxy.answered(rpc);
        let answer = send(self.subject.address, self.request(call)?);
        let reached = async {
            let patience = Patience::new();
            while self.proxy.answered(rpc) == before {
                let late = Mismatch::new(format!("{rpc:?} answered"), "it was not");
                patience.or(late.into()).await?;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            answer = answer => bail!("the caller should be gone, and has an answer: {answer:?}"),
            reached = reached => reached,
        }
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::post(format!("/api/tools/{}", call.tool))
            .header(header::CONTENT_TYPE, "application/json");
        if call.user == User::Caller {
            request = request.header("x-user", &self.account.user_id);
        }
        for (name, value) in &call.headers {
            let values = match value {
                Header::One(value) => std::slice::from_ref(value),
                Header::Several(values) => values.as_slice(),
            };
            for value in values {
                request = request.header(name, value);
            }
        }
        let body = serde_json::to_vec(&call.body)?;
        Ok(request.body(Full::from(body))?)
    }

    async fn await_calls(&self, expected: &Requests) -> Result<()> {
        let patience = Patience::new();
        while let Err(error) = calls::compare(expected, &self.proxy.seen()) {
            patience.or(error.into()).await?;
        }
        Ok(())
    }

    async fn await_books(&mut self, expected: &Books) -> Result<()> {
        let patience = Patience::new();
        loop {
            let found = self.core.books(&self.account).await;
            let compared = found.and_then(|found| Ok(compare::books(expected, &found)?));
            match compared {
                Ok(()) => return Ok(()),
                Err(error) => patience.or(error).await?,
            }
        }
    }

    async fn await_state(&self, expected: &State) -> Result<()> {
        let patience = Patience::new();
        while let Err(error) = compare::state(expected, &self.subject.state().await?) {
            patience.or(error.into()).await?;
        }
        Ok(())
    }

    async fn expect_log(&self, expected: &Log) -> Result<()> {
        let patience = Patience::new();
        let user = &self.account.user_id;
        while let Err(error) = compare::log(expected, user, &self.subject.state().await?) {
            patience.or(error.into()).await?;
        }
        Ok(())
    }

    async fn close(&self, close: Close) -> Result<()> {
        let found = self.subject.close(close.within_ms).await?;
        let expected = serde_json::json!({"left": close.left});
        if found != expected {
            return Err(Mismatch::new(expected, found).into());
        }
        Ok(())
    }

    async fn release_hold(&mut self) -> Result<()> {
        let seen = self.proxy.seen();
        let mut placed = seen
            .iter()
            .rev()
            .filter(|seen| seen.rpc == Some(Rpc::PlaceHold));
        let hold = placed.find_map(|seen| seen.hold.clone());
        let hold = hold.context("no hold was placed")?;
        self.core.release(&self.account, hold).await
    }

    async fn use_key(&mut self) -> Result<()> {
        let seen = self.proxy.seen();
        let key = seen.iter().rev().find_map(|seen| seen.key.clone());
        let key = key.context("no request had a key")?;
        self.core.use_key(&self.account, key).await
    }

    async fn refused_start(&self, refused: &RefusedStart) -> Result<()> {
        let mut launch = Launch {
            log: self.launch.log.with_extension("refused.log"),
            ..self.launch.clone()
        };
        for name in &refused.unset {
            launch.environment.remove(name);
            launch.removed.push(name.clone());
        }
        launch.environment.extend(refused.set.clone());
        let (code, stderr) = launch.refused().await?;
        if code != Some(1) {
            return Err(Mismatch::new("exit code 1", format!("{code:?}: {stderr}")).into());
        }
        let wanted = refused.stderr_has.as_str();
        ensure!(stderr.contains(wanted), Mismatch::new(wanted, &stderr));
        if let Some(secret) = &refused.stderr_lacks {
            ensure!(
                !stderr.contains(secret),
                Mismatch::new(format!("no {secret}"), &stderr)
            );
        }
        Ok(())
    }
}
