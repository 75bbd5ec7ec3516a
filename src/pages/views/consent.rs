//! The page on which a person decides, and the one before it where a device's code is entered.

use super::View;
use super::form::ChoiceOption;
use serde::Serialize;

/// `consent.html`: one person decides about one client and one server. Sent to `POST /consent`.
#[derive(Debug, Clone, Serialize)]
pub struct ConsentPage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token that ties the forms to this session; used by both the answer and the sign-out.
    pub csrf: String,
    /// The flow being answered; the sign-out form carries it too, to return here afterwards.
    pub flow: Option<String>,
    /// What the last answer lacked.
    pub problem: Option<String>,
    /// Where the answer goes: the one thing on this page that a client cannot make up.
    pub destination: Destination,
    /// The redirect URI in full, as the client sent it.
    pub redirect_uri: Option<String>,
    /// The client's identifier.
    pub client_id: String,
    /// The name the client gave itself. Shown as its own claim.
    pub client_name: String,
    /// A sentence on where the client comes from: "It registered itself 2 minutes ago."
    pub client_registered: String,
    /// Why it asks again, if this person let it in before.
    pub again: Option<String>,
    /// The server that would be opened, or several of which the person chooses one.
    pub servers: Vec<ServerChoice>,
    /// Who is signed in, and on whose behalf the client would act.
    pub username: String,
    /// For how long: the ends to choose from. Sent back as `term`.
    pub terms: Vec<ChoiceOption>,
    /// The zone of their times.
    pub zone: String,
    /// A sentence on what else ends the access.
    pub lasts: String,
}

impl View for ConsentPage {
    const TEMPLATE: &'static str = "consent.html";
}

/// Where a browser takes the answer of the consent page.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Destination {
    /// An `https` redirect URI.
    Host {
        /// Host, and port unless it is the default, in ASCII: look-alike letters must not pass.
        host: String,
        /// Whose address this is, from the table of known clients. `None` shows a warning.
        known_as: Option<String>,
        /// What happens to the answer there, where there is something to say.
        note: Option<String>,
    },
    /// A loopback redirect URI: any program on the device may own the port.
    Loopback {
        /// The port the answer goes to.
        port: u16,
    },
    /// A custom scheme: the device decides which application opens.
    Application {
        /// How the URI begins, `cursor://` or `com.example.app:/`.
        begins: String,
    },
    /// An app that fetches the answer itself, wherever it runs.
    Poll,
    /// A device that shows a code and fetches the answer itself.
    Device {
        /// The code.
        code: String,
    },
}

/// A server that may be opened, and how far. Sent back as `server`.
#[derive(Debug, Clone, Serialize)]
pub struct ServerChoice {
    /// Its path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its address: the audience of the tokens.
    pub url: String,
    /// What would be allowed there. Each is sent back as `scope`: the path, a space and the name.
    pub scopes: Vec<ScopeLine>,
    /// What the app may do there when nothing is ticked, in words.
    pub least: String,
    /// True when it was chosen before.
    pub chosen: bool,
}

/// `device.html`: where a person enters the code that a device shows. Sent to `POST /device`.
#[derive(Debug, Clone, Serialize)]
pub struct DevicePage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token that ties the form to this session.
    pub csrf: String,
    /// The code as it was typed or came with the address, else empty.
    pub user_code: String,
    /// Why the last try was refused.
    pub error: Option<String>,
    /// Who is signed in.
    pub username: String,
}

impl View for DevicePage {
    const TEMPLATE: &'static str = "device.html";
}

/// One scope that is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeLine {
    /// The scope as it stands in the request.
    pub name: String,
    /// What it allows, in words.
    pub description: String,
    /// What it includes beside that, in words, where it includes something.
    pub includes: Option<String>,
    /// True when it comes with approving and cannot be left out.
    pub settled: bool,
}
