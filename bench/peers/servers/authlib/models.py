# mypy: disable-error-code="import-not-found, misc"
"""The tables of Authlib's SQLAlchemy mixins, and the session of the calling thread."""

import os

from authlib.integrations.sqla_oauth2 import OAuth2ClientMixin, OAuth2TokenMixin
from sqlalchemy import Text, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

_URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")

engine = create_engine(_URL, pool_size=8)
session = scoped_session(sessionmaker(engine, expire_on_commit=False))


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]

    def get_user_id(self) -> int:
        return self.id


class Client(Base, OAuth2ClientMixin):
    __tablename__ = "clients"

    id: Mapped[int] = mapped_column(primary_key=True)


class Token(Base, OAuth2TokenMixin):
    """The mixin's 255 characters for an access token are too few for a JWT."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    access_token: Mapped[str] = mapped_column(Text, unique=True)
