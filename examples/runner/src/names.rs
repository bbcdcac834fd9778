//! The names of the players on this machine.

/// The names of so many local players, by that of the first: Ann, Ann 2. None where there is no name.
pub fn local_names(name: &str, players: u8) -> Vec<String> {
    if name.is_empty() {
        return Vec::new();
    }
    let others = (2..=players).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned()).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_player_has_the_name_and_the_others_a_number() {
        assert_eq!(local_names("Ann", 1), ["Ann"]);
        assert_eq!(local_names("Ann", 3), ["Ann", "Ann 2", "Ann 3"]);
        assert!(local_names("", 2).is_empty());
    }
}
