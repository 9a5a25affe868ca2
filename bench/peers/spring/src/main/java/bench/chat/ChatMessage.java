package bench.chat;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Index;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.springframework.data.domain.Persistable;

/** A stored message. Its id is made here, so that saving it is one INSERT and no SELECT before. */
@Entity
@Table(indexes = @Index(columnList = "roomId, createdAt"))
public class ChatMessage implements Persistable<UUID> {
    @Id private UUID id;

    @Column(nullable = false)
    private String roomId;

    @Column(nullable = false)
    private String sender;

    @Column(nullable = false, columnDefinition = "text")
    private String content;

    @Column(nullable = false)
    private Instant createdAt;

    protected ChatMessage() {}

    public ChatMessage(UUID id, String roomId, String sender, String content, Instant createdAt) {
        this.id = id;
        this.roomId = roomId;
        this.sender = sender;
        this.content = content;
        this.createdAt = createdAt;
    }

    @Override
    public UUID getId() {
        return id;
    }

    @Override
    public boolean isNew() {
        return true;
    }

    public Instant getCreatedAt() {
        return createdAt;
    }
}
