//! Lists of names, such as a film's tags, as events change them. Names with one slug are the same
//! name.

use crate::Slug;

/// Adds to `names` those of `more` that are not among them; one that is stays as it is spelled.
pub(crate) fn add(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        let slug = Slug::of(name);
        if names.iter().all(|present| Slug::of(present) != slug) {
            names.push(name.clone());
        }
    }
}

/// Takes from `names` those that are the same as one of `less`, however they are spelled.
pub(crate) fn remove(names: &mut Vec<String>, less: &[String]) {
    let less: Vec<Slug> = less.iter().map(|name| Slug::of(name)).collect();
    names.retain(|name| !less.contains(&Slug::of(name)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
        names.map(str::to_owned).to_vec()
    }

    #[test]
    fn a_name_that_is_there_in_another_spelling_is_not_added() {
        let mut tags = names(["Sci-Fi"]);
        add(&mut tags, &names(["SCI FI", "Noir", "noir"]));
        assert_eq!(tags, ["Sci-Fi", "Noir"]);
    }

    #[test]
    fn a_name_is_removed_in_whatever_spelling() {
        let mut tags = names(["Sci-Fi", "Noir", "War"]);
        remove(&mut tags, &names(["sci fi", "NOIR", "Drama"]));
        assert_eq!(tags, ["War"]);
    }
}
