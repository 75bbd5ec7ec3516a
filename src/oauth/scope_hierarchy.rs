//! Scopes that include others: who may write may read, where the owner says so (MCP 2026-07-28 *step-up authorization*:
//! a broader scope satisfies a demand for a narrower one).

use super::scope::Scope;

/// Which scopes of one server include which others, however many steps away. Made by [`ScopeHierarchy::new`] alone, so it
/// holds no circle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeHierarchy {
    included: Vec<(String, Scope)>,
}

/// A scope that would include itself, and the way on which it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle(pub Vec<String>);

impl ScopeHierarchy {
    /// From what an owner wrote: each scope with those that it includes.
    ///
    /// # Errors
    /// [`Circle`].
    pub fn new(direct: &[(String, Scope)]) -> Result<Self, Circle> {
        let mut included = Vec::new();
        for (name, _) in direct {
            let mut found = Scope::default();
            collect(name, direct, &mut vec![name.clone()], &mut found)?;
            included.push((name.clone(), found));
        }
        Ok(Self { included })
    }

    /// What a scope includes beside itself.
    pub fn included_in(&self, name: &str) -> Scope {
        let of_it = self.included.iter().filter(|(known, _)| known == name);
        of_it.fold(Scope::default(), |all, (_, included)| all.with(included))
    }

    /// Everything that may be done with `scope`: itself, and what it includes.
    pub fn reach(&self, scope: &Scope) -> Scope {
        scope.names().fold(scope.clone(), |all, name| all.with(&self.included_in(name)))
    }
}

/// Follows every way down from a scope. The way is as long as the number of scopes at most, since none may come twice.
fn collect(name: &str, direct: &[(String, Scope)], way: &mut Vec<String>, found: &mut Scope) -> Result<(), Circle> {
    let below = direct.iter().filter(|(known, _)| known == name).flat_map(|(_, included)| included.names());
    for next in below {
        way.push(next.to_owned());
        if way.iter().filter(|known| *known == next).count() > 1 {
            return Err(Circle(way.clone()));
        }
        if !found.contains(next) {
            *found = found.with(&[next].into_iter().collect());
            collect(next, direct, way, found)?;
        }
        way.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(direct: &[(&str, &str)]) -> Result<ScopeHierarchy, Circle> {
        let direct: Vec<(String, Scope)> = direct.iter().map(|(name, below)| ((*name).to_owned(), Scope::parse(below))).collect();
        ScopeHierarchy::new(&direct)
    }

    fn reach(hierarchy: &ScopeHierarchy, scope: &str) -> String {
        hierarchy.reach(&Scope::parse(scope)).to_string()
    }

    #[test]
    fn what_includes_nothing_reaches_itself() {
        let none = ScopeHierarchy::default();
        assert_eq!(reach(&none, "write read"), "write read");
        assert_eq!(reach(&none, ""), "");
    }

    #[test]
    fn who_may_write_may_read_and_not_the_other_way_round() {
        let notes = of(&[("write", "read")]).unwrap();
        assert_eq!(reach(&notes, "write"), "write read");
        assert_eq!(reach(&notes, "read"), "read");
        assert_eq!(reach(&notes, "read write"), "read write");
    }

    #[test]
    fn inclusion_goes_on_from_step_to_step() {
        let deep = of(&[("admin", "write export"), ("write", "read list"), ("read", "list")]).unwrap();
        assert_eq!(reach(&deep, "admin"), "admin write read list export");
        assert_eq!(reach(&deep, "write openid"), "write openid read list");
        assert_eq!(deep.included_in("admin").to_string(), "write read list export");
        assert_eq!(deep.included_in("list").to_string(), "");
    }

    #[test]
    fn two_ways_to_one_scope_are_no_circle() {
        let diamond = of(&[("top", "left right"), ("left", "bottom"), ("right", "bottom")]).unwrap();
        assert_eq!(reach(&diamond, "top"), "top left bottom right");
    }

    #[test]
    fn a_circle_of_any_length_is_refused_and_shown() {
        let way = |direct: &[(&str, &str)]| of(direct).unwrap_err().0.join(" > ");
        assert_eq!(way(&[("a", "a")]), "a > a");
        assert_eq!(way(&[("a", "b"), ("b", "a")]), "a > b > a");
        assert_eq!(way(&[("a", "b"), ("b", "c"), ("c", "d b")]), "a > b > c > b");
    }

    #[test]
    fn many_ways_through_many_scopes_cost_no_more_than_the_scopes() {
        let names: Vec<String> = (0..64).map(|number| format!("s{number}")).collect();
        let direct: Vec<(String, Scope)> =
            names.iter().enumerate().map(|(at, name)| (name.clone(), names[at + 1..].iter().collect())).collect();
        let hierarchy = ScopeHierarchy::new(&direct).unwrap();
        assert_eq!(hierarchy.included_in("s0").names().count(), 63);
    }
}
