/// The media type of this version of the API.
pub const MEDIA_TYPE_V1: &str = "application/vnd.cinelog.v1+json";
