//! Requests that share runs get their own answers, whatever becomes of the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use futures_util::future::join_all;
use radiant_core::{Batching, DType, Engine, ErrorKind, Signature, Tensor, TensorSpec};

use super::*;
use crate::state::fixture;

/// Doubles numbers, and remembers how many rows each run had. Fails a run with a number below zero,
/// panics at one below -100, and waits at the gate for the first after it is shut.
#[derive(Debug)]
struct Doubling {
    signature: Signature,
    sizes: Mutex<Vec<usize>>,
    is_shut: AtomicBool,
    reached: Mutex<Sender<()>>,
    opened: Mutex<Receiver<()>>,
}

impl Engine for Doubling {
    fn name(&self) -> &'static str {
        "doubling"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn batching(&self) -> Batching {
        Batching::Rows { max: 64, exact: true }
    }

    fn run(
        &self,
        inputs: &[Tensor],
        _wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        _cancel: &Cancel,
    ) -> Result<(), Error> {
        if self.is_shut.swap(false, Ordering::SeqCst) {
            self.reached.lock().unwrap().send(()).unwrap();
            self.opened.lock().unwrap().recv().unwrap();
        }
        let numbers = numbers_of(&inputs[0]);
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner).push(numbers.len());
        assert!(numbers.iter().all(|number| *number > -100.0), "as was asked for");
        if numbers.iter().any(|number| *number < 0.0) {
            return Err(Error::model_failed("below zero"));
        }
        let doubled: Vec<f32> = numbers.iter().map(|number| number * 2.0).collect();
        *outputs = vec![Tensor::new("y", &[doubled.len(), 1], doubled)];
        Ok(())
    }
}

fn numbers_of(tensor: &Tensor) -> &[f32] {
    tensor.as_slice().expect("numbers")
}

/// What the runs are like that are asked for while the only engine thread is busy.
async fn answers(requests: &[&[f32]]) -> (Vec<Result<Vec<f32>, ErrorKind>>, Vec<usize>) {
    let spec = |name: &str| TensorSpec::new(name, DType::F32, vec![None, Some(1)]);
    let (reached, is_reached) = channel();
    let (open, opened) = channel();
    let engine = Arc::new(Doubling {
        signature: Signature::new(vec![spec("x")], vec![spec("y")]),
        sizes: Mutex::default(),
        is_shut: AtomicBool::new(false),
        reached: Mutex::new(reached),
        opened: Mutex::new(opened),
    });
    let state = fixture::running(Arc::clone(&engine) as Arc<dyn Engine>);
    let main = state.repository.main().unwrap();
    let node = Arc::clone(main.node().unwrap());
    let ask = |numbers: &[f32]| {
        let (state, node) = (Arc::clone(&state), Arc::clone(&node));
        let mut work = Work::take();
        work.begin();
        work.inputs = vec![Tensor::new("x", &[numbers.len(), 1], numbers.to_vec())];
        work.wanted = vec![0];
        async move {
            let answer = infer(&state, &node, work).await;
            answer.map(|work| numbers_of(&work.outputs[0]).to_vec()).map_err(|error| error.kind())
        }
    };
    engine.is_shut.store(true, Ordering::SeqCst);
    let mut first = Box::pin(ask(&[1.0]));
    assert!(matches!(futures_util::poll!(&mut first), Poll::Pending));
    is_reached.recv().unwrap();
    engine.sizes.lock().unwrap().clear();
    let mut others = Box::pin(join_all(requests.iter().map(|numbers| ask(numbers))));
    assert!(matches!(futures_util::poll!(&mut others), Poll::Pending));
    // One that nobody waits for takes nobody's place.
    let mut gone = Box::pin(ask(&[-1.0]));
    assert!(matches!(futures_util::poll!(&mut gone), Poll::Pending));
    drop(gone);
    open.send(()).unwrap();
    assert_eq!(first.await, Ok(vec![2.0]));
    let answers = others.await;
    let sizes = engine.sizes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (answers, sizes[1..].to_vec())
}

#[tokio::test]
async fn what_gathers_while_the_thread_is_busy_shares_a_run() {
    let (answers, sizes) = answers(&[&[1.0], &[2.0, 3.0], &[4.0]]).await;
    assert_eq!(answers, [Ok(vec![2.0]), Ok(vec![4.0, 6.0]), Ok(vec![8.0])]);
    assert_eq!(sizes, [4]);
}

#[tokio::test]
async fn a_run_that_fails_is_run_again_and_only_the_culprit_fails() {
    let (answers, sizes) = answers(&[&[1.0], &[-2.0], &[4.0]]).await;
    assert_eq!(answers, [Ok(vec![2.0]), Err(ErrorKind::ModelFailed), Ok(vec![8.0])]);
    assert_eq!(sizes, [3, 1, 1, 1]);
}

#[tokio::test]
async fn a_run_that_panics_is_run_again_and_only_the_culprit_fails() {
    let (answers, sizes) = answers(&[&[-200.0], &[3.0]]).await;
    assert_eq!(answers, [Err(ErrorKind::Internal), Ok(vec![6.0])]);
    assert_eq!(sizes, [2, 1, 1]);
}
