//! The cache between questions and answers: never another's, never too much.

use std::sync::Arc;

use proptest::prelude::*;
use radiant_core::{Form, Tensor};

use super::table::{Entry, Table};
use super::{Cache, CacheUse, Part};
use crate::observe::{Registry, Statistics};
use crate::work::Work;

fn cache(bytes_max: usize) -> (Arc<Cache>, Arc<Registry>) {
    let registry = Arc::new(Registry::new());
    (Cache::new(bytes_max, &registry), registry)
}

fn part(cache: &Arc<Cache>) -> Part {
    cache.part(("m", "1"), Form::Tensors, &Arc::new(Statistics::default()))
}

fn question(values: &[f32]) -> Box<Work> {
    let mut work = Work::take();
    work.inputs = vec![Tensor::new("x", &[values.len()], values.to_vec())];
    work.wanted = vec![0];
    work.outputs = Vec::new();
    work
}

/// Asks, and keeps the values times two as the answer where there is none.
fn ask(part: &Part, values: &[f32]) -> (Vec<Tensor>, Option<CacheUse>) {
    let mut work = question(values);
    if !part.recall(&mut work) {
        let doubled: Vec<f32> = values.iter().map(|value| value * 2.0).collect();
        work.outputs = vec![Tensor::new("y", &[values.len()], doubled)];
        part.remember(&mut work);
    }
    (work.outputs.clone(), work.question.came_to)
}

#[test]
fn a_question_that_was_answered_is_answered_the_same() {
    let (cache, registry) = cache(1 << 20);
    let part = part(&cache);
    let (first, came_to) = ask(&part, &[1.0, 2.0]);
    assert_eq!(came_to, Some(CacheUse::Stored));
    let (second, came_to) = ask(&part, &[1.0, 2.0]);
    assert_eq!((second, came_to), (first, Some(CacheUse::Hit)));
    assert_eq!(ask(&part, &[1.0, 2.5]).1, Some(CacheUse::Stored));
    let statistics = part.statistics.snapshot();
    assert_eq!((statistics.recalled.count, statistics.missed.count), (1, 2));
    let page = registry.render();
    assert!(page.contains("radiant_response_cache_hits_total{model=\"m\",version=\"1\"} 1.0"));
    assert!(page.contains("radiant_response_cache_misses_total{model=\"m\",version=\"1\"} 2.0"));
}

#[test]
fn models_have_answers_of_their_own_which_go_with_them() {
    let (cache, _) = cache(1 << 20);
    let empty = cache.n_bytes();
    let (first, second) = (part(&cache), part(&cache));
    ask(&first, &[1.0]);
    assert_eq!(
        ask(&second, &[1.0]).1,
        Some(CacheUse::Stored),
        "what the other knows is not its own"
    );
    let both = cache.n_bytes();
    drop(first);
    assert!(cache.n_bytes() < both);
    assert_eq!(ask(&second, &[1.0]).1, Some(CacheUse::Hit));
    drop(second);
    assert_eq!(cache.n_bytes(), empty);
    assert_eq!(ask(&part(&cache), &[1.0]).1, Some(CacheUse::Stored), "a model loaded anew");
}

#[test]
fn what_is_large_for_the_cache_is_not_kept() {
    let (cache, _) = cache(1 << 20);
    let part = part(&cache);
    assert_eq!(ask(&part, &vec![0.0; 5000]).1, Some(CacheUse::Bypass));
    // The question fits, and the answer beside it does not.
    assert_eq!(ask(&part, &vec![0.0; 3000]).1, Some(CacheUse::Miss));
    assert_eq!(ask(&part, &vec![0.0; 1500]).1, Some(CacheUse::Stored));
}

#[test]
fn what_is_asked_often_stays_when_others_come() {
    let (cache, registry) = cache(1 << 20);
    let part = part(&cache);
    let kept = [7.0; 100];
    ask(&part, &kept);
    for other in 0_u16..5000 {
        ask(&part, &[f32::from(other); 90]);
        assert_eq!(ask(&part, &kept).1, Some(CacheUse::Hit), "after {other} others");
        assert!(cache.n_bytes() <= 1 << 20);
    }
    assert!(!registry.render().contains("radiant_response_cache_evictions_total 0.0"));
}

#[test]
fn threads_that_ask_at_once_get_their_own_answers() {
    let (cache, _) = cache(1 << 20);
    let part = part(&cache);
    std::thread::scope(|scope| {
        for thread in 0_u16..4 {
            let part = &part;
            scope.spawn(move || {
                for round in 0..4000 {
                    let value = f32::from((round * 7 + thread) % 3000);
                    let (outputs, _) = ask(part, &[value; 64]);
                    let expected = Tensor::new("y", &[64], vec![value * 2.0; 64]);
                    assert_eq!(outputs, [expected]);
                }
            });
        }
    });
    let empty = Cache::new(1 << 20, &Arc::new(Registry::new())).n_bytes();
    drop(part);
    assert_eq!(cache.n_bytes(), empty, "each answer gave back what it took");
}

/// A key and an answer of a number; few keys share a hash.
fn put(table: &Table, number: u16, length: usize) {
    let key = number.to_le_bytes();
    let outputs = [Tensor::new("y", &[length], vec![number; length])];
    let n_bytes = Entry::n_bytes(&key, &outputs);
    table.put(n_bytes, || Entry::new(u64::from(number % 3), 0, &key, &outputs));
}

fn get(table: &Table, number: u16) -> Option<Vec<Tensor>> {
    table.find(u64::from(number % 3), &number.to_le_bytes(), <[Tensor]>::to_vec)
}

proptest! {
    #[test]
    fn an_answer_is_never_that_of_another_even_where_all_hashes_are_the_same(
        steps in prop::collection::vec((0_u16..60, 0_usize..300, any::<bool>()), 1..300),
    ) {
        const BYTES_MAX: usize = 16 << 10;
        let table = Table::new(BYTES_MAX);
        let mut lengths = [None; 60];
        for (number, length, is_put) in steps {
            if is_put {
                put(&table, number, length);
                lengths[usize::from(number)] = Some(length);
            } else if let Some(found) = get(&table, number) {
                let length = lengths[usize::from(number)].unwrap();
                prop_assert_eq!(found, [Tensor::new("y", &[length], vec![number; length])]);
            }
            prop_assert!(table.n_bytes().load(std::sync::atomic::Ordering::Relaxed) <= BYTES_MAX);
        }
    }
}
