//! Exact times of what is held back, and what holds under any settings.

use super::*;
use proptest::prelude::*;

const NOTHING: Plan = Plan { latency: None, bandwidth: None, slicer: None, from: Moment::START };

fn ms(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

/// A piece and when it left.
type Left = (Moment, Vec<u8>);

/// All that leaves, each piece at its moment.
fn drained(pace: &mut Pace) -> Vec<Left> {
    let mut left = Vec::new();
    while let Some(at) = pace.wake_at() {
        let piece = pace.take(at).expect("what may leave at that moment leaves");
        assert!(!piece.is_empty());
        left.push((at, piece));
    }
    assert!(pace.is_empty() && pace.waiting() == 0);
    left
}

fn sizes(left: &[Left]) -> Vec<(Moment, usize)> {
    left.iter().map(|(at, piece)| (*at, piece.len())).collect()
}

fn latency(delay: u64, jitter: u64) -> Option<Latency> {
    Some(Latency { delay: Span::from_millis(delay), jitter: Span::from_millis(jitter) })
}

fn slicer(average: u64, variation: u64, delay: u64) -> Option<Slicer> {
    Some(Slicer { average, variation, delay: Span::from_millis(delay) })
}

#[test]
fn without_any_setting_bytes_leave_at_once_and_together() {
    let mut pace = Pace::new(NOTHING, 1);
    assert_eq!((pace.take(ms(5)), pace.wake_at()), (None, None));
    pace.push(ms(5), b"abc");
    pace.push(ms(5), b"");
    pace.push(ms(5), b"de");
    assert_eq!((pace.wake_at(), pace.waiting()), (Some(ms(5)), 5));
    assert_eq!(pace.take(ms(5)), Some(b"abcde".to_vec()));
    assert_eq!((pace.take(ms(5)), pace.wake_at(), pace.is_empty()), (None, None, true));
}

#[test]
fn latency_is_exact() {
    let mut pace = Pace::new(Plan { latency: latency(100, 0), ..NOTHING }, 1);
    pace.push(ms(10), b"first");
    pace.push(ms(15), b"second");
    assert_eq!((pace.take(ms(109)), pace.wake_at()), (None, Some(ms(110))));
    assert_eq!(pace.take(ms(110)), Some(b"first".to_vec()));
    assert_eq!((pace.take(ms(110)), pace.wake_at()), (None, Some(ms(115))));
    assert_eq!(pace.take(ms(200)), Some(b"second".to_vec()));
}

#[test]
fn jitter_spreads_over_its_whole_range_and_nothing_overtakes() {
    let (mut least, mut most) = (ms(1000), ms(0));
    for seed in 0..1000 {
        let mut pace = Pace::new(Plan { latency: latency(100, 20), ..NOTHING }, seed);
        pace.push(ms(0), b"a");
        let at = pace.wake_at().unwrap_or_default();
        assert!((ms(80)..=ms(120)).contains(&at), "{at:?}");
        (least, most) = (least.min(at), most.max(at));
        pace.push(ms(1), b"b");
        let left = drained(&mut pace);
        assert_eq!(left.iter().flat_map(|(_, piece)| piece.clone()).collect::<Vec<u8>>(), b"ab");
        assert!(left.last().is_some_and(|(last, _)| *last >= at));
    }
    assert!(least < ms(82) && most > ms(118), "{least:?} to {most:?}");
}

#[test]
fn a_jitter_above_the_latency_takes_nothing_back_in_time() {
    for seed in 0..50 {
        let mut pace = Pace::new(Plan { latency: latency(1, 20), ..NOTHING }, seed);
        pace.push(ms(7), b"a");
        assert!(pace.wake_at().is_some_and(|at| (ms(7)..=ms(28)).contains(&at)));
    }
}

#[test]
fn a_bandwidth_is_exact_from_the_first_byte_to_the_last() {
    // 10 000 bytes a second: 500 at once, and 250 more every 25 ms.
    let mut pace = Pace::new(Plan { bandwidth: Some(10_000), ..NOTHING }, 1);
    pace.push(ms(1000), &[7; 1200]);
    let expected = [(ms(1000), 250), (ms(1000), 250), (ms(1025), 250), (ms(1050), 250), (ms(1070), 200)];
    assert_eq!(sizes(&drained(&mut pace)), expected);
    // Nothing was left at 1070 ms, so 300 are paid for at 1100 ms.
    pace.push(ms(1100), &[7; 500]);
    assert_eq!(sizes(&drained(&mut pace)), [(ms(1100), 250), (ms(1120), 250)]);
    // A long rest fills the bucket, and no more.
    pace.push(ms(60_000), &[7; 501]);
    let expected = [(ms(60_000), 250), (ms(60_000), 250), (Moment::from_nanos(60_000_100_000), 1)];
    assert_eq!(sizes(&drained(&mut pace)), expected);
}

#[test]
fn a_bandwidth_that_divides_nothing_evenly_loses_no_time() {
    // 3 bytes a second, one at once: the last of 3001 leaves 1000 s later to the nanosecond.
    let mut pace = Pace::new(Plan { bandwidth: Some(3), ..NOTHING }, 1);
    pace.push(ms(0), &[7; 3001]);
    let left = drained(&mut pace);
    assert_eq!(left.len(), 3001);
    assert_eq!(left[1].0, Moment::from_nanos(333_333_334));
    assert_eq!(left[3000].0, ms(1_000_000));
}

#[test]
fn a_late_timer_is_caught_up_with_and_gives_no_more() {
    let mut pace = Pace::new(Plan { bandwidth: Some(10_000), ..NOTHING }, 1);
    pace.push(ms(0), &[7; 5000]);
    let mut at = |now: u64| {
        let mut count = 0;
        while let Some(piece) = pace.take(ms(now)) {
            count += piece.len();
        }
        count
    };
    // Pieces of 250 are due at 25, 50 and 75 ms; however late the timer is, no more comes than the bucket holds.
    assert_eq!([at(0), at(24), at(49), at(50), at(74), at(1000)], [500, 0, 250, 250, 0, 500]);
}

#[test]
fn a_bandwidth_of_nothing_is_one_byte_a_second() {
    let mut pace = Pace::new(Plan { bandwidth: Some(0), ..NOTHING }, 1);
    pace.push(ms(0), b"abc");
    assert_eq!(sizes(&drained(&mut pace)), [(ms(0), 1), (ms(1000), 1), (ms(2000), 1)]);
}

#[test]
fn slices_have_their_size_and_their_pause() {
    let mut pace = Pace::new(Plan { slicer: slicer(16, 0, 1), ..NOTHING }, 1);
    pace.push(ms(0), &[7; 40]);
    assert_eq!(sizes(&drained(&mut pace)), [(ms(0), 16), (ms(1), 16), (ms(2), 8)]);
    pace.push(ms(2), &[7; 4]);
    assert_eq!(sizes(&drained(&mut pace)), [(ms(3), 4)], "the pause is kept between pushes too");
}

#[test]
fn slices_vary_over_their_whole_range() {
    let mut pace = Pace::new(Plan { slicer: slicer(16, 8, 0), ..NOTHING }, 1);
    pace.push(ms(0), &[7; 100_000]);
    let mut left = drained(&mut pace);
    assert!(left.iter().all(|(at, _)| *at == ms(0)));
    // The last one is what remained.
    left.pop();
    let seen: Vec<usize> = left.iter().map(|(_, piece)| piece.len()).collect();
    assert_eq!((seen.iter().min(), seen.iter().max()), (Some(&8), Some(&24)));
}

#[test]
fn a_variation_above_the_average_never_gives_an_empty_slice() {
    let mut pace = Pace::new(Plan { slicer: slicer(1, 5, 0), ..NOTHING }, 1);
    pace.push(ms(0), &[7; 1000]);
    assert!(drained(&mut pace).iter().all(|(_, piece)| (1..=6).contains(&piece.len())));
}

#[test]
fn all_three_together_wait_for_the_slowest() {
    let plan = Plan { latency: latency(100, 0), bandwidth: Some(1000), slicer: slicer(20, 0, 5), from: ms(0) };
    let mut pace = Pace::new(plan, 1);
    pace.push(ms(0), &[7; 100]);
    // 50 in the bucket: two slices 5 ms apart; the third waits for 10 more bytes, the others for 20 each.
    let expected = [(ms(100), 20), (ms(105), 20), (ms(110), 20), (ms(130), 20), (ms(150), 20)];
    assert_eq!(sizes(&drained(&mut pace)), expected);
}

#[test]
fn before_its_beginning_bytes_pass_whole_and_at_once() {
    let plan = Plan { latency: latency(100, 50), bandwidth: Some(20), slicer: slicer(1, 0, 10), from: ms(500) };
    let mut pace = Pace::new(plan, 1);
    pace.push(ms(499), &[7; 4000]);
    assert_eq!(pace.take(ms(499)).map(|piece| piece.len()), Some(4000));
    pace.push(ms(499), b"ab");
    pace.push(ms(500), b"c");
    assert_eq!(pace.take(ms(500)), Some(b"ab".to_vec()), "it came before");
    assert!(pace.take(ms(500)).is_none() && pace.wake_at().is_some_and(|at| at >= ms(550)));
}

#[test]
fn a_seed_gives_the_same_again_and_another_one_something_else() {
    let run = |seed| {
        let plan = Plan { latency: latency(100, 50), slicer: slicer(10, 9, 1), ..NOTHING };
        let mut pace = Pace::new(plan, seed);
        pace.push(ms(0), &[7; 500]);
        pace.push(ms(300), &[7; 500]);
        drained(&mut pace)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn absurd_settings_end_at_the_end_of_time() {
    let forever = Span::from_nanos(u64::MAX);
    let plan = Plan {
        latency: Some(Latency { delay: forever, jitter: forever }),
        bandwidth: Some(u64::MAX),
        slicer: Some(Slicer { average: u64::MAX, variation: u64::MAX, delay: forever }),
        from: ms(0),
    };
    let mut pace = Pace::new(plan, 9);
    pace.push(ms(5), &[7; 100]);
    pace.push(ms(6), &[7; 100]);
    assert_eq!(drained(&mut pace).iter().map(|(_, piece)| piece.len()).sum::<usize>(), 200);
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let settings = (
        prop::option::of((0u64..200, 0u64..200)),
        prop::option::of(1u64..100_000),
        prop::option::of((1u64..100, 0u64..100, 0u64..20)),
        0u64..300,
    );
    settings.prop_map(|(late, bandwidth, slices, from)| Plan {
        latency: late.and_then(|(delay, jitter)| latency(delay, jitter)),
        bandwidth,
        slicer: slices.and_then(|(average, variation, delay)| slicer(average, variation, delay)),
        from: ms(from),
    })
}

proptest! {
    #[test]
    fn order_and_content_are_kept_and_no_limit_is_broken(
        plan in any_plan(),
        seed in any::<u64>(),
        pushes in prop::collection::vec((0u64..100, prop::collection::vec(any::<u8>(), 0..60)), 0..8)
    ) {
        let mut pace = Pace::new(plan, seed);
        let (mut now, mut pushed, mut left) = (1u64, Vec::new(), Vec::<Left>::new());
        let mut came_at = Vec::new();
        for (pause, bytes) in &pushes {
            let next = now + *pause;
            // What may leave before the next push does so in its time.
            while let Some(at) = pace.wake_at().filter(|at| *at <= ms(next)) {
                prop_assert_eq!(pace.take(Moment::from_nanos(at.nanos().saturating_sub(1))), None);
                left.push((at, pace.take(at).expect("it may leave")));
                prop_assert!(pace.wake_at().is_none_or(|later| later >= at));
            }
            prop_assert!(pace.take(ms(next)).is_none());
            now = next;
            pace.push(ms(now), bytes);
            pushed.extend_from_slice(bytes);
            came_at.extend(std::iter::repeat_n(ms(now), bytes.len()));
            let gone: usize = left.iter().map(|(_, piece)| piece.len()).sum();
            prop_assert_eq!(pace.waiting(), pushed.len() - gone);
        }
        left.extend(drained(&mut pace));
        prop_assert!(left.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let content: Vec<u8> = left.iter().flat_map(|(_, piece)| piece.clone()).collect();
        prop_assert_eq!(content, pushed);

        let mut place = 0;
        let mut held: Vec<(Moment, usize)> = Vec::new();
        for (at, piece) in &left {
            let came = came_at[place];
            place += piece.len();
            prop_assert!(*at >= came);
            if came < plan.from {
                prop_assert_eq!(*at, came, "before its beginning bytes leave at once");
                continue;
            }
            if let Some(latency) = plan.latency {
                prop_assert!(at.since(came).nanos() >= latency.delay.nanos().saturating_sub(latency.jitter.nanos()));
            }
            if let Some(slicer) = plan.slicer {
                prop_assert!(piece.len() as u64 <= slicer.average + slicer.variation);
                prop_assert!(held.last().is_none_or(|(before, _)| at.since(*before) >= slicer.delay));
            }
            held.push((*at, piece.len()));
        }
        if let Some(rate) = plan.bandwidth {
            let burst = u128::from((rate / 20).max(1));
            for (first, (began, _)) in held.iter().enumerate() {
                let mut sum = 0u128;
                for (at, size) in &held[first..] {
                    sum += *size as u128;
                    let came = u128::from(at.since(*began).nanos()) * u128::from(rate) / 1_000_000_000;
                    prop_assert!(sum <= burst + came + 1);
                }
            }
        }
    }
}
