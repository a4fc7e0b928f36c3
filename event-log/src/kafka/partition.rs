//! Which partition a stream's events go to. Chosen here rather than by the client, which would begin to
//! choose others in the middle of a stream when somebody gives the topic more partitions.

/// The partition of the records with this key, of so many: the one that Kafka's own clients for Java
/// choose. `partitions` is at least 1.
#[must_use]
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    // Without its sign, as Kafka takes it: not the absolute value.
    (murmur2(key) & 0x7fff_ffff) as i32 % partitions.max(1)
}

/// MurmurHash 2, 32 bits, with Kafka's seed.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;

    let mut hash = SEED ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        word = (word ^ (word >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ word;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of Kafka's own clients (`UtilsTest.testMurmur2`).
    #[test]
    fn keys_are_hashed_as_kafka_hashes_them() {
        for (key, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn every_key_has_a_partition_and_all_partitions_are_used() {
        let mut used = [0_u32; 12];
        for number in 0..12_000 {
            let partition = partition_of(format!("movie-{number}").as_bytes(), 12);
            used[usize::try_from(partition).unwrap()] += 1;
        }
        assert!(used.iter().all(|count| (800..1_200).contains(count)), "{used:?}");
        assert_eq!(partition_of(b"", 1), 0);
    }
}
