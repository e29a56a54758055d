//! Which pod a request goes to.

use side_by_side::Random;

/// Who chooses, and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Balance {
    /// A mesh or a gateway chooses for each request: the less busy of two that it draws.
    ///
    /// Source: Envoy's `LEAST_REQUEST`, which is Istio's default.
    LessBusyOfTwo,
    /// Each request goes to any pod: a new connection each through kube-proxy, or clients that know all
    /// pods (a headless Service) and take turns.
    EachRequest,
    /// Clients keep so many connections, each to the pod that kube-proxy drew when it was opened, for so
    /// many seconds if they are told to renew them.
    Connections { n: usize, renewed_s: Option<f64> },
}

/// A client's connection.
#[derive(Debug, Clone, Copy)]
struct Connection {
    pod: usize,
    /// Of the pod, so that a later one at its place is told apart.
    opened: f64,
}

/// The choice, with the connections that there are.
#[derive(Debug)]
pub(crate) struct Balancer {
    balance: Balance,
    connections: Vec<Option<Connection>>,
}

impl Balancer {
    pub(crate) fn new(balance: Balance) -> Self {
        let n = match balance {
            Balance::Connections { n, .. } => n,
            Balance::LessBusyOfTwo | Balance::EachRequest => 0,
        };
        Self { balance, connections: vec![None; n] }
    }

    /// The pod of the next request; `None` where there is none. `routed` are the pods that a new
    /// connection may get, `is_open` says whether an old one still has its pod, `load` how busy one is.
    pub(crate) fn choose(
        &mut self,
        (now, random): (f64, &mut Random),
        routed: &[usize],
        is_open: impl Fn(usize) -> bool,
        load: impl Fn(usize) -> usize,
    ) -> Option<usize> {
        let mut draw = || routed.get(random.below(routed.len())).copied();
        match self.balance {
            Balance::EachRequest => draw(),
            Balance::LessBusyOfTwo => {
                let (one, other) = (draw()?, draw()?);
                Some(if load(other) < load(one) { other } else { one })
            }
            Balance::Connections { n, renewed_s } => {
                let drawn = draw();
                let connection = self.connections.get_mut(random.below(n))?;
                let is_old = |it: &Connection| {
                    renewed_s.is_some_and(|renewed_s| now - it.opened > renewed_s)
                };
                if let Some(it) = connection.filter(|it| is_open(it.pod) && !is_old(it)) {
                    return Some(it.pod);
                }
                // The first ones are as old as connections are: not all are renewed at once.
                let age = if connection.is_none() {
                    random.unit() * renewed_s.unwrap_or(0.0)
                } else {
                    0.0
                };
                *connection = drawn.map(|pod| Connection { pod, opened: now - age });
                drawn
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(balance: Balance, times: &[f64], open: &[bool]) -> Vec<usize> {
        let (mut balancer, mut random) = (Balancer::new(balance), Random::seeded(9));
        let routed: Vec<usize> = (0..open.len()).filter(|&pod| open[pod]).collect();
        let choose = |&now: &f64| {
            balancer.choose((now, &mut random), &routed, |pod| open[pod], |pod| pod).unwrap()
        };
        times.iter().map(choose).collect()
    }

    #[test]
    fn a_connection_keeps_its_pod_until_it_is_renewed() {
        let times: Vec<f64> = (0..100).map(f64::from).collect();
        let kept = chosen(Balance::Connections { n: 1, renewed_s: None }, &times, &[true; 50]);
        assert!(kept.iter().all(|pod| *pod == kept[0]), "{kept:?}");
        let renewed = Balance::Connections { n: 1, renewed_s: Some(10.0) };
        let mut pods = chosen(renewed, &times, &[true; 50]);
        pods.dedup();
        assert!((8..=11).contains(&pods.len()), "{pods:?}");
    }

    #[test]
    fn the_less_busy_of_two_is_seldom_the_busiest() {
        let times = vec![0.0; 10_000];
        let busiest = |balance| {
            chosen(balance, &times, &[true; 10]).into_iter().filter(|&pod| pod == 9).count()
        };
        assert!((900..1100).contains(&busiest(Balance::EachRequest)));
        assert!(busiest(Balance::LessBusyOfTwo) < 150);
    }
}
